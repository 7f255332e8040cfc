import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachKeys, parseDetachKeys } from './detachKeys.ts';
import { RawMode, terminalSize } from './terminal.ts';

test('raw mode is left once, also by the end of the process', () => {
  const modes: boolean[] = [];
  const raw = new RawMode({ isTTY: true, isRaw: false, setRawMode: (mode) => modes.push(mode) }, () => undefined);
  const listeners = process.listenerCount('exit');
  raw.enter();
  raw.enter();
  assert.equal(process.listenerCount('exit'), listeners + 1);
  raw.restore();
  raw.restore();
  assert.equal(process.listenerCount('exit'), listeners);
  assert.deepEqual(modes, [true, false]);
});

test('a pipe, and a terminal that is raw already, are left alone', () => {
  const modes: boolean[] = [];
  for (const input of [{ isTTY: false }, { isTTY: true, isRaw: true }]) {
    const raw = new RawMode({ ...input, setRawMode: (mode) => modes.push(mode) });
    raw.enter();
    raw.restore();
  }
  assert.deepEqual(modes, []);
});

test('the size of a terminal that has one', () => {
  assert.deepEqual(terminalSize({ isTTY: true, columns: 80, rows: 24 }), { columns: 80, rows: 24 });
  assert.equal(terminalSize({ isTTY: true, columns: 0, rows: 0 }), undefined);
  assert.equal(terminalSize({ columns: 80, rows: 24 }), undefined);
});

test('Ctrl-P Ctrl-Q detaches, in one piece or in two; Ctrl-P alone goes on', () => {
  const keys = new DetachKeys();
  assert.deepEqual(keys.filter(Buffer.from('a\u0010b')), { data: Buffer.from('a\u0010b'), detach: false });
  assert.deepEqual(keys.filter(Buffer.from('x\u0010')), { data: Buffer.from('x'), detach: false });
  assert.deepEqual(keys.filter(Buffer.from('\u0010')), { data: Buffer.from('\u0010'), detach: false });
  assert.deepEqual(keys.filter(Buffer.from('\u0011more')), { data: Buffer.alloc(0), detach: true });
  assert.deepEqual(new DetachKeys().filter(Buffer.from('ab\u0010\u0011c')), { data: Buffer.from('ab'), detach: true });
});

test('other keys leave as well; what only begins like them goes on', () => {
  const keys = new DetachKeys(parseDetachKeys('ctrl-a,a,d'));
  assert.deepEqual(keys.filter(Buffer.from('\u0001')), { data: Buffer.alloc(0), detach: false });
  assert.deepEqual(keys.filter(Buffer.from('a\u0001')), { data: Buffer.from('\u0001a'), detach: false });
  assert.deepEqual(keys.filter(Buffer.from('ad!')), { data: Buffer.alloc(0), detach: true });
  // A beginning may lie within another.
  assert.deepEqual(new DetachKeys(parseDetachKeys('x,x,y')).filter(Buffer.from('xxxy')), { data: Buffer.from('x'), detach: true });
  assert.deepEqual(new DetachKeys(parseDetachKeys('')).filter(Buffer.from('\u0010\u0011')), { data: Buffer.from('\u0010\u0011'), detach: false });
  assert.deepEqual(parseDetachKeys('ctrl-@,ctrl-[,ctrl-_,Q'), [0, 27, 31, 81]);
  assert.throws(() => parseDetachKeys('ctrl-'), /keys separated by commas/);
  assert.throws(() => parseDetachKeys('ab'), /keys separated by commas/);
});
