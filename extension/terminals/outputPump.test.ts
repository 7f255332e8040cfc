import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { pump } from './outputPump.ts';

async function collect(chunks: Uint8Array[], options = {}): Promise<string> {
  let text = '';
  await pump(Readable.from(chunks), (part) => { text += part; }, options);
  return text;
}

describe('terminal output', () => {
  it('puts characters together that arrive in pieces', async () => {
    const bytes = Buffer.from('grün 🚢');
    assert.equal(await collect([...bytes].map((byte) => Uint8Array.of(byte))), 'grün 🚢');
  });

  it('ends lines as a terminal needs it', async () => {
    assert.equal(await collect([Buffer.from('a\nb\r\nc')], { addCarriageReturns: true }), 'a\r\nb\r\nc');
    assert.equal(await collect([Buffer.from('a\nb')]), 'a\nb');
  });

  it('shows that the last character is cut off', async () => {
    assert.equal(await collect([Buffer.from('é').subarray(0, 1)]), '\uFFFD');
  });

  it('reads no faster than a terminal draws', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const started = performance.now();
    let length = 0;
    await pump(Readable.from(Array.from({ length: 32 }, () => chunk)), (text) => { length += text.length; });
    assert.equal(length, 32 * chunk.length);
    assert.ok(performance.now() - started >= 100, 'two megabytes take at least two windows');
  });
});
