import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, decodeFrame, encodeFrame } from './streams.ts';

test('a frame is a channel and a payload', () => {
  for (const channel of Object.values(Channel)) {
    const frame = encodeFrame(channel, Buffer.from('payload'));
    assert.equal(frame[0], channel);
    const decoded = decodeFrame(frame);
    assert.equal(decoded?.channel, channel);
    assert.equal(Buffer.from(decoded?.payload ?? []).toString(), 'payload');
  }
  assert.equal(decodeFrame(Buffer.of(Channel.stdin))?.payload.length, 0);
});

test('what names no channel is no frame', () => {
  assert.equal(decodeFrame(Buffer.alloc(0)), undefined);
  for (const channel of [7, 100, 254]) assert.equal(decodeFrame(Buffer.of(channel, 1)), undefined);
});
