import { blockSize } from './geometry.ts';
import { put16, put32 } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import type { Extent } from './node.ts';

/*
 * Extent trees. The root has 60 bytes in the inode (4 entries); further nodes are blocks (340 entries) with a tail.
 *
 *   header   0 magic F30A  2 entries  4 room  6 depth (0: leaves)  8 generation(4)
 *   leaf     0 first logical block(4)  4 length  6 start, upper 16 bits  8 start, lower 32 bits
 *   index    0 first logical block(4)  4 node, lower 32 bits  8 node, upper 16 bits  10 unused
 *   tail     checksum(4) of the node from the inode's seed on; blocks only
 */

export const extentMagic = 0xf30a;
export const extentHeaderSize = 12;
export const extentEntrySize = 12;
export const rootExtents = 4;
export const blockExtents = (blockSize - extentHeaderSize - 4) / extentEntrySize;
/** Longer lengths mark an extent as unwritten. */
const longestExtent = 32768;

export interface ExtentTree {
  /** The 60 bytes in the inode. */
  readonly root: Uint8Array;
  /** Further nodes, each one block. */
  readonly blocks: readonly { readonly block: number; readonly bytes: Uint8Array }[];
}

/** Splits extents that are longer than an entry can say and joins neighbours. */
export function normalizeExtents(extents: readonly Extent[]): Extent[] {
  const result: Extent[] = [];
  for (const extent of extents) {
    let { logical, start, length } = extent;
    const last = result[result.length - 1];
    if (last !== undefined && last.logical + last.length === logical && last.start + last.length === start) {
      result.pop();
      logical = last.logical;
      start = last.start;
      length += last.length;
    }
    for (; length > 0; length -= longestExtent, logical += longestExtent, start += longestExtent) {
      result.push({ logical, start, length: Math.min(length, longestExtent) });
    }
  }
  return result;
}

/**
 * @param extents normalized, in logical order
 * @param seed the inode's checksum seed
 * @param allocate gives one block for a node
 */
export function buildExtentTree(extents: readonly Extent[], seed: number, allocate: () => number): ExtentTree {
  const blocks: { block: number; bytes: Uint8Array }[] = [];
  let depth = 0;
  let entries = extents.map((extent) => leafEntry(extent));
  let firsts = extents.map((extent) => extent.logical);
  while (entries.length > rootExtents) {
    const nextEntries: Uint8Array[] = [];
    const nextFirsts: number[] = [];
    for (let from = 0; from < entries.length; from += blockExtents) {
      const bytes = new Uint8Array(blockSize);
      fillNode(bytes, entries.slice(from, from + blockExtents), blockExtents, depth);
      put32(bytes, blockSize - 4, crc32c(seed, bytes, 0, blockSize - 4));
      const block = allocate();
      blocks.push({ block, bytes });
      nextEntries.push(indexEntry(firsts[from]!, block));
      nextFirsts.push(firsts[from]!);
    }
    entries = nextEntries;
    firsts = nextFirsts;
    depth++;
  }
  const root = new Uint8Array(60);
  fillNode(root, entries, rootExtents, depth);
  return { root, blocks };
}

function fillNode(bytes: Uint8Array, entries: readonly Uint8Array[], room: number, depth: number): void {
  put16(bytes, 0, extentMagic);
  put16(bytes, 2, entries.length);
  put16(bytes, 4, room);
  put16(bytes, 6, depth);
  entries.forEach((entry, index) => bytes.set(entry, extentHeaderSize + index * extentEntrySize));
}

function leafEntry({ logical, start, length }: Extent): Uint8Array {
  const bytes = new Uint8Array(extentEntrySize);
  put32(bytes, 0, logical);
  put16(bytes, 4, length);
  put32(bytes, 8, start);
  return bytes;
}

function indexEntry(logical: number, block: number): Uint8Array {
  const bytes = new Uint8Array(extentEntrySize);
  put32(bytes, 0, logical);
  put32(bytes, 4, block);
  return bytes;
}
