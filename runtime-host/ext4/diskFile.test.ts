import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskFile } from './diskFile.ts';

test('a file that is released is not written any more, and neither is the one that has its number next', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (let round = 0; round < 20; round++) {
    const handle = openSync(join(directory, `disk${round}`), 'wx');
    const disk = new DiskFile(handle);
    // Many batches, as none of them continues where the last one ended.
    for (let piece = 0; piece < 2000; piece++) disk.queue(piece * 8192, Buffer.alloc(4096, 1));
    await disk.settle();
    await disk.release();
    closeSync(handle);
    const victim = openSync(join(directory, `victim${round}`), 'wx');
    assert.equal(victim, handle);
    await new Promise(setImmediate);
    closeSync(victim);
    assert.equal(statSync(join(directory, `victim${round}`)).size, 0);
    await assert.rejects(disk.flush(), /was released/);
  }
});

test('what is queued is where it belongs, and later pieces win', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'disk');
  const handle = openSync(path, 'wx');
  const disk = new DiskFile(handle);
  for (const [offset, text] of [[4, 'bbbb'], [0, 'aaaa'], [8, 'cccc'], [2, 'XXXX']] as const) disk.queue(offset, Buffer.from(text));
  await disk.flush();
  await disk.release();
  closeSync(handle);
  assert.equal(readFileSync(path, 'latin1'), 'aaXXXXbbcccc');
});
