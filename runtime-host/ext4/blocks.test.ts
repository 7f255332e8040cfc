import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlockAllocator } from './blockAllocator.ts';
import { DiskFile } from './diskFile.ts';
import { planGeometry } from './geometry.ts';

const mebibyte = 1024 * 1024;

test('blocks are handed out one after the other, and again when they come back', () => {
  const blocks = new BlockAllocator(planGeometry(256 * mebibyte));
  const [first] = blocks.allocate(10);
  const [second] = blocks.allocate(5);
  assert.equal(second!.start, first!.start + 10);
  blocks.release(first!);
  assert.deepEqual(blocks.allocate(20), [{ start: second!.start + 5, length: 20 }], 'a run that is too short is not used');
  assert.deepEqual(blocks.allocate(4), [{ start: first!.start, length: 4 }]);
});

test('every free block is found in the end, and none twice', () => {
  const geometry = planGeometry(256 * mebibyte);
  const blocks = new BlockAllocator(geometry);
  const free = blocks.countFree(0) + blocks.countFree(1);
  const runs = blocks.allocate(free);
  assert.equal(runs.reduce((sum, run) => sum + run.length, 0), free);
  assert.equal(blocks.countFree(0) + blocks.countFree(1), 0);
  assert.throws(() => blocks.allocate(1), { code: 'LayerInvalid', message: /more room than its disk/ });
  for (const run of runs) for (let block = run.start; block < run.start + run.length; block += 2) blocks.release({ start: block, length: 1 });
  const again = blocks.allocate(blocks.countFree(0) + blocks.countFree(1));
  assert.equal(new Set(again.map((run) => run.start)).size, again.length);
});

test('pieces reach their places, later ones on top of earlier ones', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-'));
  const handle = openSync(join(directory, 'file'), 'w');
  try {
    const disk = new DiskFile(handle);
    disk.queue(0, Buffer.from('aaaa'));
    disk.queue(4, Buffer.from('bbbb'));
    disk.queue(100, Buffer.from('cccc'));
    disk.queue(2, Buffer.from('dddd'));
    for (let index = 0; index < 3000; index++) disk.queue(200 + index, Buffer.from('e'));
    await disk.settle();
    disk.queue(10_000, Buffer.alloc(5 * mebibyte, 'f'));
    await disk.settle();
    await disk.sync();
    const content = readFileSync(join(directory, 'file'));
    assert.equal(content.toString('latin1', 0, 8), 'aaddddbb');
    assert.equal(content.toString('latin1', 100, 104), 'cccc');
    assert.equal(content.toString('latin1', 200, 3200), 'e'.repeat(3000));
    assert.equal(content.length, 10_000 + 5 * mebibyte);
  } finally {
    closeSync(handle);
    rmSync(directory, { recursive: true });
  }
});

test('a full disk is reported', { skip: process.platform !== 'linux' }, async () => {
  const handle = openSync('/dev/full', 'w');
  try {
    const disk = new DiskFile(handle);
    disk.queue(0, Buffer.from('x'));
    await assert.rejects(disk.flush(), { code: 'ENOSPC' });
    await assert.rejects(disk.settle(), { code: 'ENOSPC' });
  } finally {
    closeSync(handle);
  }
});
