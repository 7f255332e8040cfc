import { BerthError } from '../protocol/errors.ts';

/*
 * Where everything lies. Blocks have 4096 bytes, groups 32768 blocks (128 MiB), 16 groups share their metadata (flex_bg).
 *
 *   first group of 16                                     another group
 *   ┌────────┬──────┬─────────┬─────────┬──────────┬────  ┌──────────────┬──────────────────────────
 *   │ super  │ desc │ 16 block│ 16 inode│ 16 inode │ data │ super, desc  │ data
 *   │ block* │ -s*  │ bitmaps │ bitmaps │ tables   │      │ (backups)*   │
 *   └────────┴──────┴─────────┴─────────┴──────────┴────  └──────────────┴──────────────────────────
 *   * in groups 0, 1 and the powers of 3, 5 and 7 (sparse_super). The primary super block is at byte 1024 of block 0.
 *
 * All of that is fixed by the size of the disk, so file data can be written to its final place while it arrives.
 * Inode tables of groups without inodes are never written: the file stays sparse and their groups say INODE_UNINIT.
 */

export const blockSize = 4096;
export const blocksPerGroup = 32768;
export const groupsPerFlex = 16;
export const logGroupsPerFlex = 4;
export const inodeSize = 256;
export const descriptorSize = 64;
export const journalBlocks = 16384;
/** One inode for each 16 KiB of disk, as mke2fs does by default. */
const bytesPerInode = 16384;
const inodesPerBlock = blockSize / inodeSize;

export const rootInode = 2;
export const journalInode = 8;
export const firstInode = 11;

/** A group with fewer blocks for data than this is not worth having. */
const smallestRemainder = 64;
const smallestDisk = 256 * 1024 * 1024;
/** Block numbers of files are kept in 32 bits. */
const largestDisk = 8 * 1024 ** 4;

export interface Geometry {
  /** Size of the disk in bytes. */
  readonly size: number;
  readonly blockCount: number;
  readonly groupCount: number;
  readonly inodesPerGroup: number;
  readonly inodeTableBlocks: number;
  readonly descriptorBlocks: number;
}

/** @throws BerthError InvalidArgument for sizes that are no whole number of blocks, or too small or too large. */
export function planGeometry(size: number): Geometry {
  if (!Number.isInteger(size / blockSize) || size < smallestDisk || size > largestDisk) {
    throw new BerthError('InvalidArgument', `A disk of ${size} bytes cannot be made; choose whole blocks of 4096 bytes between 256 MiB and 8 TiB.`);
  }
  const blockCount = size / blockSize;
  const groupCount = Math.ceil(blockCount / blocksPerGroup);
  const inodesPerGroup = Math.ceil((blocksPerGroup * blockSize) / bytesPerInode / inodesPerBlock) * inodesPerBlock;
  const geometry = {
    size,
    blockCount,
    groupCount,
    inodesPerGroup,
    inodeTableBlocks: inodesPerGroup / inodesPerBlock,
    descriptorBlocks: Math.ceil((groupCount * descriptorSize) / blockSize),
  };
  const usable = wholeGroups(geometry);
  return usable < groupCount ? planGeometry(usable * blocksPerGroup * blockSize) : geometry;
}

/** Groups that are long enough for the metadata in them: a remainder at the end may not be, and is then left out. */
function wholeGroups(geometry: Geometry): number {
  const { groupCount, blockCount } = geometry;
  const last = groupCount - 1;
  if (groupLength(geometry, last) < superblockBlocks(geometry, last) + smallestRemainder) return last;
  const lastLeader = last - (last % groupsPerFlex);
  const needed = superblockBlocks(geometry, lastLeader) + (groupCount - lastLeader) * (2 + geometry.inodeTableBlocks);
  return blockCount - lastLeader * blocksPerGroup < needed + smallestRemainder ? lastLeader : groupCount;
}

export function groupLength(geometry: Geometry, group: number): number {
  return Math.min(blocksPerGroup, geometry.blockCount - group * blocksPerGroup);
}

/** True for groups that begin with a copy of the super block and the group descriptors. */
export function hasSuperblock(group: number): boolean {
  return group <= 1 || [3, 5, 7].some((base) => isPowerOf(group, base));
}

function isPowerOf(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

/** Blocks at the start of a group that hold the super block and the descriptors. */
export function superblockBlocks(geometry: Geometry, group: number): number {
  return hasSuperblock(group) ? 1 + geometry.descriptorBlocks : 0;
}

export interface GroupPlaces {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
}

/** Block numbers of a group's metadata, which lies in the first group of its flex group. */
export function groupPlaces(geometry: Geometry, group: number): GroupPlaces {
  const leader = group - (group % groupsPerFlex);
  const members = Math.min(groupsPerFlex, geometry.groupCount - leader);
  const base = leader * blocksPerGroup + superblockBlocks(geometry, leader);
  const index = group - leader;
  return {
    blockBitmap: base + index,
    inodeBitmap: base + members + index,
    inodeTable: base + 2 * members + index * geometry.inodeTableBlocks,
  };
}
