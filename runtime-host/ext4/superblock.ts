import { get16, get32, high32, put16, put32 } from './bytes.ts';
import { crc32c, crc32cStart, crc32cWord } from './crc32c.ts';
import type { Geometry, GroupPlaces } from './geometry.ts';
import { blockSize, blocksPerGroup, descriptorSize, firstInode, inodeSize, journalInode, logGroupsPerFlex } from './geometry.ts';

/*
 * The super block (1024 bytes; the primary one at byte 1024 of the disk) and the group descriptors (64 bytes each).
 * Offsets are those of the kernel's documentation, "ext4 Data Structures and Algorithms".
 *
 *   descriptor   0 block bitmap  4 inode bitmap  8 inode table  12 free blocks(2)  14 free inodes(2)  16 directories(2)
 *               18 flags(2)  24 block bitmap's checksum(2)  26 inode bitmap's checksum(2)  28 unused inodes(2)
 *               30 checksum(2)  32… upper halves in the same order; 56, 58: of the bitmaps' checksums
 */

export const superblockSize = 1024;
/** Of the primary one, in bytes from the start of the disk. */
export const superblockOffset = 1024;
const magic = 0xef53;

/** has_journal, ext_attr, dir_index */
const compatible = 0x4 | 0x8 | 0x20;
/** An incompatible feature that the kernel sets while it writes. */
const recover = 0x4;
/** filetype, extent, 64bit, flex_bg */
const incompatible = 0x2 | 0x40 | 0x80 | 0x200;
/** sparse_super, large_file, huge_file, dir_nlink, extra_isize, metadata_csum */
const readOnlyCompatible = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x400;
/** user extended attributes and ACLs are on without a mount option */
const defaultMountOptions = 0x4 | 0x8;
const hashHalfMd4 = 1;
/** Names are hashed as unsigned bytes. */
const unsignedHash = 2;

export interface SuperblockFields {
  readonly geometry: Geometry;
  readonly uuid: Uint8Array;
  /** Seed of directory hashes, 16 bytes. */
  readonly hashSeed: Uint8Array;
  /** Seconds since 1970. */
  readonly time: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly overheadBlocks: number;
  /** The journal inode's 60 bytes of extents, and its size: kept twice, in case the inode is lost. */
  readonly journalExtents: Uint8Array;
  readonly journalSize: number;
}

/** @param group the group that this copy is for */
export function encodeSuperblock(fields: SuperblockFields, group: number): Uint8Array {
  const { geometry } = fields;
  const bytes = new Uint8Array(superblockSize);
  put32(bytes, 0x00, geometry.groupCount * geometry.inodesPerGroup);
  put32(bytes, 0x04, geometry.blockCount);
  put32(bytes, 0x0c, fields.freeBlocks);
  put32(bytes, 0x10, fields.freeInodes);
  put32(bytes, 0x18, 2);
  put32(bytes, 0x1c, 2);
  put32(bytes, 0x20, blocksPerGroup);
  put32(bytes, 0x24, blocksPerGroup);
  put32(bytes, 0x28, geometry.inodesPerGroup);
  put32(bytes, 0x30, fields.time);
  put16(bytes, 0x36, 0xffff);
  put16(bytes, 0x38, magic);
  put16(bytes, 0x3a, 1);
  put16(bytes, 0x3c, 1);
  put32(bytes, 0x40, fields.time);
  put32(bytes, 0x4c, 1);
  put32(bytes, 0x54, firstInode);
  put16(bytes, 0x58, inodeSize);
  put16(bytes, 0x5a, group);
  put32(bytes, 0x5c, compatible);
  put32(bytes, 0x60, incompatible);
  put32(bytes, 0x64, readOnlyCompatible);
  bytes.set(fields.uuid, 0x68);
  put32(bytes, 0xe0, journalInode);
  bytes.set(fields.hashSeed, 0xec);
  bytes[0xfc] = hashHalfMd4;
  bytes[0xfd] = 1;
  put16(bytes, 0xfe, descriptorSize);
  put32(bytes, 0x100, defaultMountOptions);
  put32(bytes, 0x108, fields.time);
  bytes.set(fields.journalExtents, 0x10c);
  put32(bytes, 0x10c + 60, high32(fields.journalSize));
  put32(bytes, 0x10c + 64, fields.journalSize);
  put32(bytes, 0x150, high32(geometry.blockCount));
  put32(bytes, 0x158, high32(fields.freeBlocks));
  put16(bytes, 0x15c, 32);
  put16(bytes, 0x15e, 32);
  put32(bytes, 0x160, unsignedHash);
  bytes[0x174] = logGroupsPerFlex;
  bytes[0x175] = 1;
  put32(bytes, 0x248, fields.overheadBlocks);
  put32(bytes, 0x3fc, crc32c(crc32cStart, bytes, 0, 0x3fc));
  return bytes;
}

/** True for an undamaged super block of a file system such as we write. */
export function isSuperblock(bytes: Uint8Array): boolean {
  const isOurs = get16(bytes, 0x38) === magic && get32(bytes, 0x18) === 2 && get16(bytes, 0x58) === inodeSize;
  return isOurs && crc32c(crc32cStart, bytes, 0, 0x3fc) === get32(bytes, 0x3fc);
}

/** Whether the journal holds what the file system itself does not hold yet. */
export function needsRecovery(bytes: Uint8Array): boolean {
  return (get32(bytes, 0x60) & recover) !== 0;
}

/** How often it was mounted for writing. */
export function mountCount(bytes: Uint8Array): number {
  return get16(bytes, 0x34);
}

/** Bytes of the file system that a super block describes. */
export function describedSize(bytes: Uint8Array): number {
  return (get32(bytes, 0x04) + get32(bytes, 0x150) * 2 ** 32) * blockSize;
}

export const inodeUninitialized = 1;
export const blockUninitialized = 2;
/** The inode table reads as zeros: the kernel need not clear it in the background. */
export const inodeTableZeroed = 4;

export interface DescriptorFields {
  readonly places: GroupPlaces;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly directories: number;
  readonly flags: number;
  /** Inodes at the end of the table that were never used. */
  readonly unusedInodes: number;
  readonly blockBitmapChecksum: number;
  readonly inodeBitmapChecksum: number;
}

/** @param seed the file system's checksum seed */
export function encodeDescriptor(fields: DescriptorFields, group: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(descriptorSize);
  const { places } = fields;
  put32(bytes, 0, places.blockBitmap);
  put32(bytes, 4, places.inodeBitmap);
  put32(bytes, 8, places.inodeTable);
  put16(bytes, 12, fields.freeBlocks);
  put16(bytes, 14, fields.freeInodes);
  put16(bytes, 16, fields.directories);
  put16(bytes, 18, fields.flags);
  put16(bytes, 24, fields.blockBitmapChecksum);
  put16(bytes, 26, fields.inodeBitmapChecksum);
  put16(bytes, 28, fields.unusedInodes);
  put16(bytes, 56, fields.blockBitmapChecksum >>> 16);
  put16(bytes, 58, fields.inodeBitmapChecksum >>> 16);
  put16(bytes, 30, crc32c(crc32cWord(seed, group), bytes));
  return bytes;
}
