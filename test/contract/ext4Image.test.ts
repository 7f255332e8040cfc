import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DiskBuilder } from '../../runtime-host/ext4/diskBuilder.ts';
import { DiskReader } from '../../runtime-host/ext4/diskReader.ts';
import type { FileNode } from '../../runtime-host/ext4/node.ts';
import { createNode, plainMetadata } from '../../runtime-host/ext4/node.ts';
import { checkDisk } from '../support/umoci.ts';

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;
const time = { seconds: 1_700_000_000, nanoseconds: 0 };
const uuid = Buffer.from('00112233445546778899aabbccddeeff', 'hex');

/** File systems made without layers, where those would only be in the way. */
describe('ext4 file systems', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'berth-ext4-'));
    path = join(directory, 'disk');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function build(size: number, fill: (disk: DiskBuilder) => Promise<void> | void): Promise<void> {
    const handle = openSync(path, 'w');
    try {
      const disk = new DiskBuilder(handle, { size, uuid, time: time.seconds });
      await fill(disk);
      await disk.finish();
    } finally {
      closeSync(handle);
    }
    checkDisk(path);
  }

  function addFile(disk: DiskBuilder, name: string, content: Uint8Array): FileNode {
    const node = createNode('file', plainMetadata(0o644, time));
    disk.tree.link(disk.tree.locate([name])!, node, 1);
    disk.files.begin(node, content.length);
    disk.files.append(content);
    disk.files.end();
    return node;
  }

  for (const size of [256 * mebibyte, 256 * mebibyte + 40_960, 300 * mebibyte, gibibyte, 2 * gibibyte + 2 * mebibyte, 2 * gibibyte + 130 * mebibyte, 10 * gibibyte, 64 * gibibyte, 300 * gibibyte]) {
    it(`of ${size / mebibyte} MiB are sound when empty, and sparse`, async () => {
      await build(size, () => {});
      assert.ok(statSync(path).blocks * 512 < Math.max(2 * mebibyte, size / 20_000));
      assert.ok(statSync(path).size <= size && statSync(path).size > size - 128 * mebibyte);
    });
  }

  it('hold a file in thousands of pieces', async () => {
    const large = Buffer.alloc(90 * mebibyte, 'a large file, ');
    await build(256 * mebibyte, async (disk) => {
      for (let index = 0; index < 12_000; index++) addFile(disk, `small${index}`, Buffer.alloc(12_288, `${index} `));
      for (let index = 0; index < 12_000; index += 2) disk.tree.remove({ directory: disk.tree.root, name: `small${index}` });
      await disk.settle();
      addFile(disk, 'large', large);
    });
    const disk = await DiskReader.open(path);
    const inode = (await disk.lookup('/large'))!;
    const sum = createHash('sha256');
    for await (const piece of disk.readFile(inode)) sum.update(piece);
    assert.equal(sum.digest('hex'), createHash('sha256').update(large).digest('hex'));
    assert.ok((await disk.extents(inode)).length > 4 * 340);
    await disk.close();
    assert.match(debugfs('extents /large'), /^ 2\/ 2/m);
    assert.equal(debugfs('cat /small4711').slice(0, 10), '4711 4711 ');
  });

  it('hold sparse files of many gigabytes', async () => {
    await build(gibibyte, (disk) => {
      const node = createNode('file', plainMetadata(0o600, time));
      disk.tree.link(disk.tree.locate(['sparse'])!, node, 1);
      disk.files.begin(node, 5 * 1024 * gibibyte, [{ offset: 5000, length: 3 }, { offset: 8191, length: 2 }, { offset: 7 * gibibyte + 1, length: 4 }]);
      disk.files.append(Buffer.from('abc12'));
      disk.files.append(Buffer.from('wxyz'));
      disk.files.end();
    });
    assert.match(debugfs('stat /sparse'), /Size: 5497558138880[\s\S]*Blockcount: 24/);
    const disk = await DiskReader.open(path);
    const extents = await disk.extents((await disk.lookup('/sparse'))!);
    assert.deepEqual(extents.map(({ logical, length }) => [logical, length]), [[1, 2], [7 * gibibyte / 4096, 1]]);
    await disk.close();
  });

  it('use the room of removed files again', async () => {
    await build(256 * mebibyte, async (disk) => {
      for (let round = 0; round < 10; round++) {
        addFile(disk, 'same', Buffer.alloc(60 * mebibyte, `${round}`));
        await disk.settle();
      }
    });
    assert.equal(debugfs('cat /same').slice(0, 3), '999');
  });

  for (const kind of ['directory', 'file'] as const) {
    it(`take a ${kind} of an image that is called lost+found as it is`, async () => {
      await build(256 * mebibyte, (disk) => {
        disk.tree.link(disk.tree.locate(['lost+found'])!, createNode(kind, plainMetadata(0o751, time)), 1);
        addFile(disk, 'other', Buffer.from('x'));
      });
      assert.match(debugfs('stat /lost+found'), new RegExp(`Type: ${kind === 'file' ? 'regular' : kind}\\s+Mode:\\s+0751`));
    });
  }

  it('say so when an image does not fit', async () => {
    await assert.rejects(build(256 * mebibyte, (disk) => { addFile(disk, 'too large', Buffer.alloc(250 * mebibyte)); }), { code: 'LayerInvalid' });
  });

  it('have room for a directory with more subdirectories than links can count', async () => {
    await build(2 * gibibyte, (disk) => {
      for (let index = 0; index < 65_100; index++) {
        disk.tree.link(disk.tree.locate([`d${index}`])!, createNode('directory', plainMetadata(0o755, time)), 1);
      }
    });
    assert.match(debugfs('stat /'), /Links: 1 /);
  });

  function debugfs(command: string): string {
    return execFileSync('debugfs', ['-R', command, path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
  }
});
