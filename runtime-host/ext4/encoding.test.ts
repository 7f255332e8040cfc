import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aclFromDisk, aclToDisk } from './acl.ts';
import { blockExtents, buildExtentTree, normalizeExtents } from './extentTree.ts';
import { hasSuperblock, planGeometry } from './geometry.ts';
import type { InodeFields } from './inode.ts';
import { decodeInode, encodeDevice, encodeInode } from './inode.ts';
import type { FileKind, Timestamp } from './node.ts';
import { plainMetadata } from './node.ts';
import { decodeXattrs, encodeXattrs } from './xattrs.ts';

const isLayerInvalid = { code: 'LayerInvalid' };
const at = (seconds: number, nanoseconds = 0): Timestamp => ({ seconds, nanoseconds });

function inodeFields(kind: FileKind, time: Timestamp, content: Uint8Array = new Uint8Array(60)): InodeFields {
  const metadata = { ...plainMetadata(0o4755, time), uid: 4_000_000_000, gid: 70_000 };
  return { kind, metadata, links: 3, size: 2 ** 40 + 5, blocks: 2 ** 31, flags: 0, content, xattrBlock: 77, inlineXattrs: undefined };
}

test('an inode reads as it was written', () => {
  const inode = decodeInode(12, encodeInode(inodeFields('file', at(1_700_000_000, 123_456_789)), 99), 99);
  const { kind, mode, uid, gid, links, size, mtime, xattrBlock } = inode;
  assert.deepEqual({ kind, mode, uid, gid, links, size, mtime, xattrBlock }, {
    kind: 'file', mode: 0o4755, uid: 4_000_000_000, gid: 70_000, links: 3, size: 2 ** 40 + 5, mtime: at(1_700_000_000, 123_456_789), xattrBlock: 77,
  });
});

test('a changed inode is noticed', () => {
  const bytes = encodeInode(inodeFields('file', at(0)), 99);
  bytes[5] = 1;
  assert.throws(() => decodeInode(12, bytes, 99), /inode 12 is damaged/);
});

test('times before 1970 and after 2038 are kept, those beyond what fits become the nearest', () => {
  const store = (time: Timestamp): Timestamp => decodeInode(1, encodeInode(inodeFields('file', time), 0), 0).mtime;
  for (const seconds of [-(2 ** 31), -1, 0, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 33 + 5, 2 ** 34 - 2 ** 31 - 1]) {
    assert.deepEqual(store(at(seconds, 999_999_999)), at(seconds, 999_999_999));
  }
  assert.deepEqual(store(at(-(2 ** 40), 5)), at(-(2 ** 31)));
  assert.deepEqual(store(at(2 ** 40, 5)), at(2 ** 34 - 2 ** 31 - 1));
});

test('device numbers of both forms', () => {
  for (const [major, minor] of [[0, 0], [1, 3], [255, 255], [256, 0], [8, 256], [259, 70_000], [4095, 1_048_575]] as const) {
    const inode = decodeInode(1, encodeInode(inodeFields('character', at(0), encodeDevice(major, minor)), 0), 0);
    assert.deepEqual([inode.major, inode.minor], [major, minor]);
  }
});

test('extents are joined, and cut where an entry cannot say their length', () => {
  assert.deepEqual(normalizeExtents([{ logical: 0, start: 10, length: 5 }, { logical: 5, start: 15, length: 2 }, { logical: 8, start: 18, length: 1 }]), [
    { logical: 0, start: 10, length: 7 },
    { logical: 8, start: 18, length: 1 },
  ]);
  assert.deepEqual(normalizeExtents([{ logical: 0, start: 0, length: 70_000 }]).map(({ length }) => length), [32_768, 32_768, 4464]);
});

test('an extent tree grows when the inode, and then a block, is full', () => {
  const extents = (count: number): { logical: number; start: number; length: number }[] => Array.from({ length: count }, (_, index) => ({ logical: index, start: 2 * index, length: 1 }));
  let next = 1000;
  const blocks = (count: number): number => buildExtentTree(extents(count), 0, () => next++).blocks.length;
  assert.deepEqual([1, 4, 5, blockExtents, blockExtents + 1, 4 * blockExtents, 4 * blockExtents + 1].map(blocks), [0, 0, 1, 1, 2, 4, 5 + 1]);
});

test('attributes lie in the inode where they fit, else in a block, and come back in one piece', () => {
  const xattrs = new Map<string, Uint8Array>([
    ['user.empty', new Uint8Array()],
    ['security.capability', Buffer.alloc(20, 1)],
    ['trusted.large', Buffer.alloc(3000, 2)],
    ['user.odd', Buffer.from('odd')],
  ]);
  const { inline, block } = encodeXattrs(xattrs, 96);
  const found = new Map([...decodeXattrs(inline!, 4, 4), ...decodeXattrs(block!, 32, 0)]);
  assert.deepEqual([...found.keys()].sort(), [...xattrs.keys()].sort());
  for (const [name, value] of xattrs) assert.deepEqual(Buffer.from(found.get(name)!), Buffer.from(value), name);
  assert.equal(encodeXattrs(new Map([['user.small', Buffer.from('x')]]), 96).block, undefined);
  assert.deepEqual(encodeXattrs(new Map(), 96), { inline: undefined, block: undefined });
});

test('attributes that cannot be stored are refused', () => {
  assert.throws(() => encodeXattrs(new Map([['user.large', Buffer.alloc(4096)]]), 96), isLayerInvalid);
  assert.throws(() => encodeXattrs(new Map([[`user.${'n'.repeat(256)}`, Buffer.alloc(1)]]), 96), isLayerInvalid);
});

test('attributes that Linux does not have are left out', () => {
  const foreign = ['com.apple.provenance', 'nonsense', 'user.', 'system.nfs4_acl', 'system.data', 'system.posix_acl_access.more'].map((name) => [name, Buffer.alloc(1)] as const);
  assert.deepEqual(encodeXattrs(new Map(foreign), 96), { inline: undefined, block: undefined });
  const kept = [['user.a', Buffer.from('b')]] as const;
  assert.deepEqual(encodeXattrs(new Map([...foreign, ...kept]), 96), encodeXattrs(new Map(kept), 96));
});

test('access control lists change their form on the way', () => {
  const acl = Buffer.from('0200000001000700ffffffff02000600e803000004000500ffffffff10000700ffffffff20000500ffffffff', 'hex');
  assert.equal(Buffer.from(aclToDisk(acl)).toString('hex'), '010000000100070002000600e8030000040005001000070020000500');
  assert.deepEqual(Buffer.from(aclFromDisk(aclToDisk(acl))), acl);
  assert.throws(() => aclToDisk(Buffer.from('0100000000')), isLayerInvalid);
});

test('copies of the super block lie in groups 0, 1 and the powers of 3, 5 and 7', () => {
  assert.deepEqual(Array.from({ length: 130 }, (_, group) => group).filter(hasSuperblock), [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
});

test('sizes that make no sense are refused; a remainder too small for a group is left out', () => {
  for (const size of [0, 4096, 1024 ** 4 + 1, 2 ** 60, NaN]) assert.throws(() => planGeometry(size), { code: 'InvalidArgument' });
  assert.equal(planGeometry(256 * 1024 ** 2 + 8192).size, 256 * 1024 ** 2);
  assert.equal(planGeometry(300 * 1024 ** 2).groupCount, 3);
});
