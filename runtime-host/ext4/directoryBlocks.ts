import { BerthError } from '../protocol/errors.ts';
import { put16, put32, roundUp } from './bytes.ts';
import { crc32c, crc32cWord } from './crc32c.ts';
import { hashName } from './directoryHash.ts';
import { blockSize } from './geometry.ts';
import type { FileKind } from './node.ts';

/*
 * Contents of directories. A directory of one block is a list; a larger one is indexed by hash of the name.
 *
 *   entry   0 inode(4)  4 length of the entry(2)  6 length of the name  7 kind  8 name; the last one reaches the tail
 *   tail    0 inode 0  4 length 12  6 name length 0  7 kind DE  8 checksum(4)
 *
 *   block 0, the root of the index            further index block         leaf: a list of entries
 *   ┌─────────────────────────────┐           ┌──────────────────────┐    ┌─────────────┐
 *   │ "." (12), ".." to the end   │           │ empty entry (8)      │    │ entry…      │
 *   │ 24 hash version, levels     │           │ 8 room, count, block │    │ tail        │
 *   │ 32 room, count, block       │ ────────► │ 16 hash, block …     │ ─► └─────────────┘
 *   │ 40 hash, block …            │           └──────────────────────┘
 *   └─────────────────────────────┘           both end in 4 unused bytes and a checksum
 *
 * Entries of the index say from which hash on a block is responsible (bit 0: the block before ends with the same hash);
 * the first one has no hash, room and count stand in its place.
 */

const tailSize = 12;
const listRoom = blockSize - tailSize;
/** Leaves are not filled up, so that new names need not split them. */
const leafFill = Math.floor(listRoom * 0.85);
const rootRoom = 507;
const nodeRoom = 510;
const halfMd4 = 1;

const kindCodes: Readonly<Record<FileKind, number>> = { file: 1, directory: 2, character: 3, block: 4, fifo: 5, symlink: 7 };

export interface NamedInode {
  readonly name: Buffer;
  readonly inode: number;
  readonly kind: FileKind;
}

export interface DirectoryBlocks {
  readonly bytes: Uint8Array;
  readonly indexed: boolean;
}

/**
 * @param seed the directory inode's checksum seed
 * @param hashSeed the file system's, 16 bytes
 */
export function buildDirectory(self: number, parent: number, entries: readonly NamedInode[], seed: number, hashSeed: Uint8Array): DirectoryBlocks {
  const dots: NamedInode[] = [
    { name: Buffer.from('.'), inode: self, kind: 'directory' },
    { name: Buffer.from('..'), inode: parent, kind: 'directory' },
  ];
  const all = [...dots, ...entries];
  if (all.reduce((sum, entry) => sum + entrySize(entry), 0) <= listRoom) return { bytes: listBlock(all, seed), indexed: false };
  return { bytes: buildIndexed(dots, entries, seed, hashSeed), indexed: true };
}

function entrySize(entry: NamedInode): number {
  return roundUp(8 + entry.name.length, 4);
}

function listBlock(entries: readonly NamedInode[], seed: number): Uint8Array {
  const bytes = new Uint8Array(blockSize);
  let offset = 0;
  entries.forEach((entry, index) => {
    const size = index === entries.length - 1 ? listRoom - offset : entrySize(entry);
    putEntry(bytes, offset, size, entry);
    offset += size;
  });
  put16(bytes, listRoom + 4, tailSize);
  bytes[listRoom + 7] = 0xde;
  put32(bytes, listRoom + 8, crc32c(seed, bytes, 0, listRoom));
  return bytes;
}

function putEntry(bytes: Uint8Array, offset: number, size: number, entry: NamedInode): void {
  put32(bytes, offset, entry.inode);
  put16(bytes, offset + 4, size);
  bytes[offset + 6] = entry.name.length;
  bytes[offset + 7] = kindCodes[entry.kind];
  bytes.set(entry.name, offset + 8);
}

interface IndexEntry {
  readonly hash: number;
  readonly block: number;
}

interface Leaf {
  readonly hash: number;
  readonly entries: NamedInode[];
}

function buildIndexed(dots: readonly NamedInode[], entries: readonly NamedInode[], seed: number, hashSeed: Uint8Array): Uint8Array {
  const leaves = splitIntoLeaves(entries, hashSeed);
  const nodeCount = leaves.length <= rootRoom ? 0 : Math.ceil(leaves.length / nodeRoom);
  if (nodeCount > rootRoom) throw new BerthError('LayerInvalid', 'The image has a directory with more entries than can be stored.');
  const bytes = new Uint8Array((1 + nodeCount + leaves.length) * blockSize);
  const pointers = leaves.map(({ hash }, index): IndexEntry => ({ hash, block: 1 + nodeCount + index }));
  leaves.forEach((leaf, index) => bytes.set(listBlock(leaf.entries, seed), (1 + nodeCount + index) * blockSize));
  const top: IndexEntry[] = nodeCount === 0 ? pointers : [];
  for (let node = 0; node < nodeCount; node++) {
    const below = pointers.slice(node * nodeRoom, (node + 1) * nodeRoom);
    const block = bytes.subarray((1 + node) * blockSize, (2 + node) * blockSize);
    put16(block, 4, blockSize);
    putIndex(block, 8, nodeRoom, below, seed);
    top.push({ hash: below[0]!.hash, block: 1 + node });
  }
  const root = bytes.subarray(0, blockSize);
  putEntry(root, 0, 12, dots[0]!);
  putEntry(root, 12, blockSize - 12, dots[1]!);
  root[28] = halfMd4;
  root[29] = 8;
  root[30] = nodeCount === 0 ? 0 : 1;
  putIndex(root, 32, rootRoom, top, seed);
  return bytes;
}

/** Entries in the order of their hashes, cut into blocks; a leaf's hash has bit 0 set when the leaf before ends with it. */
function splitIntoLeaves(entries: readonly NamedInode[], hashSeed: Uint8Array): Leaf[] {
  const hashed = entries.map((entry) => ({ entry, ...hashName(entry.name, hashSeed) }));
  hashed.sort((a, b) => a.major - b.major || a.minor - b.minor);
  const leaves: Leaf[] = [];
  let used = Infinity;
  let previous = -1;
  for (const { entry, major } of hashed) {
    const size = entrySize(entry);
    if (used + size > leafFill) {
      leaves.push({ hash: major === previous ? major + 1 : major, entries: [] });
      used = 0;
    }
    leaves[leaves.length - 1]!.entries.push(entry);
    used += size;
    previous = major;
  }
  return leaves;
}

function putIndex(block: Uint8Array, offset: number, room: number, entries: readonly IndexEntry[], seed: number): void {
  entries.forEach((entry, index) => {
    put32(block, offset + 8 * index, entry.hash);
    put32(block, offset + 8 * index + 4, entry.block);
  });
  put16(block, offset, room);
  put16(block, offset + 2, entries.length);
  const counted = crc32c(seed, block, 0, offset + 8 * entries.length);
  put32(block, offset + 8 * room + 4, crc32cWord(crc32cWord(counted, 0), 0));
}
