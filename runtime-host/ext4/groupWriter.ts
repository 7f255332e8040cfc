import type { BlockAllocator } from './blockAllocator.ts';
import { crc32c } from './crc32c.ts';
import type { DiskFile } from './diskFile.ts';
import type { Geometry } from './geometry.ts';
import { blockSize, blocksPerGroup, descriptorSize, groupLength, groupPlaces, groupsPerFlex, hasSuperblock, journalBlocks, superblockBlocks } from './geometry.ts';
import { blockUninitialized, encodeDescriptor, encodeSuperblock, inodeTableZeroed, inodeUninitialized } from './superblock.ts';

export interface GroupContext {
  readonly geometry: Geometry;
  readonly disk: DiskFile;
  readonly blocks: BlockAllocator;
  readonly seed: number;
  readonly hashSeed: Uint8Array;
  readonly uuid: Uint8Array;
  readonly time: number;
  readonly inodes: { readonly lastInode: number; readonly directoriesByGroup: readonly number[]; readonly journalExtents: Uint8Array };
}

/** Writes bitmaps, group descriptors and super blocks, when everything else has its place. */
export function writeGroups(context: GroupContext): void {
  const { geometry, disk, blocks, inodes } = context;
  const descriptors = new Uint8Array(geometry.descriptorBlocks * blockSize);
  let freeBlocks = 0;
  for (let group = 0; group < geometry.groupCount; group++) {
    const free = blocks.countFree(group);
    freeBlocks += free;
    descriptors.set(writeGroup(context, group, free), group * descriptorSize);
  }
  const fields = {
    ...context,
    freeBlocks,
    freeInodes: geometry.groupCount * geometry.inodesPerGroup - inodes.lastInode,
    overheadBlocks: overhead(geometry),
    journalExtents: inodes.journalExtents,
    journalSize: journalBlocks * blockSize,
  };
  for (let group = 0; group < geometry.groupCount; group++) {
    if (!hasSuperblock(group)) continue;
    const start = group * blocksPerGroup * blockSize;
    disk.queue(group === 0 ? 1024 : start, encodeSuperblock(fields, group));
    disk.queue(start + blockSize, descriptors);
  }
}

/** Writes a group's bitmaps, where they say anything, and returns its descriptor. */
function writeGroup(context: GroupContext, group: number, freeBlocks: number): Uint8Array {
  const { geometry, disk, blocks, seed, inodes } = context;
  const places = groupPlaces(geometry, group);
  const usedInodes = Math.min(Math.max(inodes.lastInode - group * geometry.inodesPerGroup, 0), geometry.inodesPerGroup);
  const length = groupLength(geometry, group);
  const untouched = length - freeBlocks === superblockBlocks(geometry, group);
  let flags = inodeTableZeroed;
  let blockBitmapChecksum = 0;
  let inodeBitmapChecksum = 0;
  if (untouched && group % groupsPerFlex !== 0 && group !== geometry.groupCount - 1) {
    flags |= blockUninitialized;
  } else {
    const bitmap = blocks.bitmap.slice(group * blockSize, (group + 1) * blockSize);
    setBits(bitmap, length, blocksPerGroup);
    blockBitmapChecksum = crc32c(seed, bitmap);
    disk.queue(places.blockBitmap * blockSize, bitmap);
  }
  if (usedInodes === 0) {
    flags |= inodeUninitialized;
  } else {
    const bitmap = new Uint8Array(blockSize);
    setBits(bitmap, 0, usedInodes);
    setBits(bitmap, geometry.inodesPerGroup, blockSize * 8);
    inodeBitmapChecksum = crc32c(seed, bitmap, 0, geometry.inodesPerGroup / 8);
    disk.queue(places.inodeBitmap * blockSize, bitmap);
  }
  const unused = geometry.inodesPerGroup - usedInodes;
  const directories = inodes.directoriesByGroup[group] ?? 0;
  return encodeDescriptor({ places, freeBlocks, freeInodes: unused, directories, flags, unusedInodes: unused, blockBitmapChecksum, inodeBitmapChecksum }, group, seed);
}

function setBits(bitmap: Uint8Array, from: number, to: number): void {
  for (let bit = from; bit < to; bit++) bitmap[bit >>> 3] = bitmap[bit >>> 3]! | (1 << (bit & 7));
}

/** Blocks that can never hold data of files: what statfs leaves out of the size. */
function overhead(geometry: Geometry): number {
  let blocks = journalBlocks;
  for (let group = 0; group < geometry.groupCount; group++) blocks += superblockBlocks(geometry, group) + 2 + geometry.inodeTableBlocks;
  return blocks;
}
