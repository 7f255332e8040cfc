import { BerthError } from '../protocol/errors.ts';
import { get16, get32, high32, put16, put32 } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import { blockSize, inodeSize } from './geometry.ts';
import type { FileKind, FileMetadata, Timestamp } from './node.ts';

/*
 * Inodes of 256 bytes.
 *
 *     0 mode      2 uid       4 size      8 atime    12 ctime    16 mtime    20 dtime    24 gid    26 links
 *    28 blocks (of 512 bytes) 32 flags   36 version  40 extents, fast symlink or device number (60 bytes)
 *   100 generation  104 xattr block  108 size, upper half
 *   116 blocks, upper  118 xattr block, upper  120 uid, upper  122 gid, upper  124 checksum, lower half
 *   128 extra size  130 checksum, upper half  132 ctime, 136 mtime, 140 atime: extra bits  144 crtime  148 crtime, extra
 *   152 version, upper  156 project   160 extended attributes (96 bytes)
 *
 * Extra bits of a time: bits 0–1 extend the seconds beyond 2038, bits 2–31 are the nanoseconds.
 */

export const inlineXattrStart = 160;
export const inlineXattrRoom = inodeSize - inlineXattrStart;
export const extentsFlag = 0x80000;
export const indexFlag = 0x1000;
/** More names than this cannot be counted; a directory then says 1. */
export const mostLinks = 65000;

const typeBits: Readonly<Record<FileKind, number>> = {
  fifo: 0x1000,
  character: 0x2000,
  directory: 0x4000,
  block: 0x6000,
  file: 0x8000,
  symlink: 0xa000,
};

export interface InodeFields {
  readonly kind: FileKind;
  readonly metadata: FileMetadata;
  readonly links: number;
  readonly size: number;
  /** Blocks of 4096 bytes, those for extents and attributes included. */
  readonly blocks: number;
  readonly flags: number;
  /** What stands at byte 40. */
  readonly content: Uint8Array;
  readonly xattrBlock: number;
  readonly inlineXattrs: Uint8Array | undefined;
}

/** @param seed the inode's checksum seed */
export function encodeInode(fields: InodeFields, seed: number): Uint8Array {
  const { metadata } = fields;
  const bytes = new Uint8Array(inodeSize);
  const sectors = fields.blocks * (blockSize / 512);
  put16(bytes, 0, typeBits[fields.kind] | (metadata.mode & 0o7777));
  put16(bytes, 2, metadata.uid);
  put32(bytes, 4, fields.size);
  put16(bytes, 24, metadata.gid);
  put16(bytes, 26, fields.links);
  put32(bytes, 28, sectors);
  put32(bytes, 32, fields.flags);
  bytes.set(fields.content, 40);
  put32(bytes, 104, fields.xattrBlock);
  put32(bytes, 108, high32(fields.size));
  put16(bytes, 116, high32(sectors));
  put16(bytes, 120, metadata.uid >>> 16);
  put16(bytes, 122, metadata.gid >>> 16);
  put16(bytes, 128, 32);
  putTime(bytes, 12, 132, metadata.mtime);
  putTime(bytes, 16, 136, metadata.mtime);
  putTime(bytes, 8, 140, metadata.atime);
  putTime(bytes, 144, 148, metadata.mtime);
  if (fields.inlineXattrs !== undefined) bytes.set(fields.inlineXattrs, inlineXattrStart);
  const checksum = crc32c(seed, bytes);
  put16(bytes, 124, checksum);
  put16(bytes, 130, checksum >>> 16);
  return bytes;
}

const earliest = -(2 ** 31);
const latest = 2 ** 34 - 2 ** 31 - 1;

/** Times outside 1901–2446 become the nearest that can be stored. */
function putTime(bytes: Uint8Array, offset: number, extraOffset: number, time: Timestamp): void {
  const seconds = Math.min(Math.max(time.seconds, earliest), latest);
  const nanoseconds = seconds === time.seconds ? time.nanoseconds : 0;
  const epoch = Math.floor((seconds - earliest) / 2 ** 32);
  put32(bytes, offset, seconds % 2 ** 32);
  put32(bytes, extraOffset, nanoseconds * 4 + epoch);
}

/** A device number as ext4 keeps it at byte 40: the old 16-bit form where it fits, else the new one in the next word. */
export function encodeDevice(major: number, minor: number): Uint8Array {
  const bytes = new Uint8Array(60);
  if (major < 256 && minor < 256) put32(bytes, 0, (major << 8) | minor);
  else put32(bytes, 4, ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0);
  return bytes;
}

/** An inode as the reader finds it. */
export interface StoredInode {
  readonly number: number;
  readonly kind: FileKind | 'socket';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly size: number;
  readonly mtime: Timestamp;
  readonly atime: Timestamp;
  readonly usesExtents: boolean;
  readonly fastSymlink: boolean;
  /** Devices. */
  readonly major: number;
  readonly minor: number;
  readonly xattrBlock: number;
  /** The 60 bytes at offset 40, and all 256. */
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
  /** Checksum seed of what belongs to this inode. */
  readonly seed: number;
}

/** @throws BerthError InvalidArgument when the checksum is wrong or there is no file in this inode. */
export function decodeInode(number: number, bytes: Uint8Array, seed: number): StoredInode {
  const type = get16(bytes, 0) & 0xf000;
  const kind = type === 0xc000 ? 'socket' : (Object.entries(typeBits).find(([, bits]) => bits === type)?.[0] as FileKind | undefined);
  const plain = new Uint8Array(bytes);
  put16(plain, 124, 0);
  put16(plain, 130, 0);
  const checksum = (get16(bytes, 124) | (get16(bytes, 130) << 16)) >>> 0;
  if (kind === undefined || crc32c(seed, plain) !== checksum) throw new BerthError('InvalidArgument', `The disk cannot be read: inode ${number} is damaged.`);
  const content = bytes.subarray(40, 100);
  const size = get32(bytes, 4) + get32(bytes, 108) * 2 ** 32;
  const usesExtents = (get32(bytes, 32) & extentsFlag) !== 0;
  return {
    number,
    kind,
    mode: get16(bytes, 0) & 0o7777,
    uid: (get16(bytes, 2) | (get16(bytes, 120) << 16)) >>> 0,
    gid: (get16(bytes, 24) | (get16(bytes, 122) << 16)) >>> 0,
    links: get16(bytes, 26),
    size,
    mtime: getTime(bytes, 16, 136),
    atime: getTime(bytes, 8, 140),
    usesExtents,
    fastSymlink: kind === 'symlink' && !usesExtents,
    ...decodeDevice(content),
    xattrBlock: get32(bytes, 104) + get16(bytes, 118) * 2 ** 32,
    content,
    bytes,
    seed,
  };
}

function getTime(bytes: Uint8Array, offset: number, extraOffset: number): Timestamp {
  const extra = get32(bytes, extraOffset);
  return { seconds: (get32(bytes, offset) | 0) + (extra & 3) * 2 ** 32, nanoseconds: extra >>> 2 };
}

function decodeDevice(content: Uint8Array): { readonly major: number; readonly minor: number } {
  const old = get32(content, 0);
  if (old !== 0) return { major: (old >>> 8) & 0xff, minor: old & 0xff };
  const value = get32(content, 4);
  return { major: (value >>> 8) & 0xfff, minor: (value & 0xff) | ((value >>> 12) & 0xfff00) };
}
