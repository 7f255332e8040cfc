import { BerthError } from '../protocol/errors.ts';
import { aclFromDisk, aclToDisk } from './acl.ts';
import { get16, get32, put16, put32, roundUp } from './bytes.ts';
import { crc32c, crc32cWord } from './crc32c.ts';
import { blockSize } from './geometry.ts';

/*
 * Extended attributes: entries grow upwards, their values downwards from the end of the space. They lie in the
 * inode's spare bytes where they fit, else in one block of their own.
 *
 *   in the inode   0 magic EA020000  4 entries, values (offsets count from byte 4)
 *   block          0 magic EA020000  4 references  8 blocks (1)  12 hash  16 checksum  20 reserved  32 entries, values
 *   entry          0 name length  1 prefix  2 value's offset(2)  4 value's inode(4)  8 value's size(4)  12 hash(4)
 *                  16 name without its prefix, padded to 4; four zero bytes end the list
 */

const magic = 0xea020000;
const blockHeaderSize = 32;
const entryHeaderSize = 16;

/** Index and text of the prefixes that are not written out; an ACL's is its whole name, and its value has a form of its own. */
const xattrPrefixes: readonly { readonly index: number; readonly prefix: string; readonly isAcl?: boolean }[] = [
  { index: 2, prefix: 'system.posix_acl_access', isAcl: true },
  { index: 3, prefix: 'system.posix_acl_default', isAcl: true },
  { index: 1, prefix: 'user.' },
  { index: 4, prefix: 'trusted.' },
  { index: 6, prefix: 'security.' },
];

interface Entry {
  readonly prefix: number;
  readonly name: Buffer;
  readonly value: Uint8Array;
  readonly hash: number;
}

/**
 * The entries in the order of the disk: by prefix, then length of the name, then name. What Linux would refuse to set is
 * left out, as other unpackers do: layers that were made on macOS bring com.apple.provenance along.
 */
function sortedEntries(xattrs: ReadonlyMap<string, Uint8Array>): Entry[] {
  const entries = [...xattrs].flatMap(([fullName, value]) => toEntry(fullName, value) ?? []);
  return entries.sort((a, b) => a.prefix - b.prefix || a.name.length - b.name.length || a.name.compare(b.name));
}

function toEntry(fullName: string, given: Uint8Array): Entry | undefined {
  const found = xattrPrefixes.find(({ prefix, isAcl }) => (isAcl ? fullName === prefix : fullName.startsWith(prefix) && fullName.length > prefix.length));
  if (found === undefined) return undefined;
  const name = Buffer.from(fullName.slice(found.prefix.length), 'latin1');
  if (name.length > 255) throw new BerthError('LayerInvalid', `The image has a file with the extended attribute “${fullName}”, whose name is too long to be stored.`);
  const value = found.isAcl ? aclToDisk(given) : given;
  return { prefix: found.index, name, value, hash: entryHash(name, value) };
}

function entryHash(name: Uint8Array, value: Uint8Array): number {
  let hash = 0;
  for (const byte of name) hash = ((hash << 5) ^ (hash >>> 27) ^ byte) >>> 0;
  const padded = new Uint8Array(roundUp(value.length, 4));
  padded.set(value);
  for (let offset = 0; offset < padded.length; offset += 4) hash = ((hash << 16) ^ (hash >>> 16) ^ get32(padded, offset)) >>> 0;
  return hash;
}

/** Writes the entries that fit from `first` on, with values back from the end; returns those that do not. */
function fill(bytes: Uint8Array, first: number, offsetBase: number, entries: readonly Entry[]): Entry[] {
  const left: Entry[] = [];
  let position = first;
  let end = bytes.length;
  for (const entry of entries) {
    const { prefix, name, value, hash } = entry;
    const entrySize = roundUp(entryHeaderSize + name.length, 4);
    const valueStart = end - roundUp(value.length, 4);
    if (position + entrySize + 4 > valueStart) {
      left.push(entry);
      continue;
    }
    bytes[position] = name.length;
    bytes[position + 1] = prefix;
    put16(bytes, position + 2, value.length === 0 ? 0 : valueStart - offsetBase);
    put32(bytes, position + 8, value.length);
    put32(bytes, position + 12, hash);
    bytes.set(name, position + entryHeaderSize);
    bytes.set(value, valueStart);
    position += entrySize;
    end = valueStart;
  }
  return left;
}

export interface EncodedXattrs {
  /** For the inode's spare bytes; undefined when nothing goes there. */
  readonly inline: Uint8Array | undefined;
  /** For a block of their own, which still needs its number and checksum; undefined when all fit in the inode. */
  readonly block: Uint8Array | undefined;
}

/**
 * @param room spare bytes in the inode
 * @throws BerthError LayerInvalid when they do not fit in the inode and one block.
 */
export function encodeXattrs(xattrs: ReadonlyMap<string, Uint8Array>, room: number): EncodedXattrs {
  const entries = sortedEntries(xattrs);
  if (entries.length === 0) return { inline: undefined, block: undefined };
  const inline = new Uint8Array(room);
  put32(inline, 0, magic);
  const rest = fill(inline, 4, 4, entries);
  const used = rest.length < entries.length ? inline : undefined;
  if (rest.length === 0) return { inline: used, block: undefined };
  const block = new Uint8Array(blockSize);
  if (fill(block, blockHeaderSize, 0, rest).length > 0) {
    throw new BerthError('LayerInvalid', 'The image has a file whose extended attributes are larger than 4 KiB, which cannot be stored.');
  }
  put32(block, 0, magic);
  put32(block, 4, 1);
  put32(block, 8, 1);
  put32(block, 12, rest.reduce((hash, entry) => ((hash << 16) ^ (hash >>> 16) ^ entry.hash) >>> 0, 0));
  return { inline: used, block };
}

/**
 * Puts the checksum into a block of attributes.
 * @param seed the file system's checksum seed
 */
export function sealXattrBlock(bytes: Uint8Array, block: number, seed: number): void {
  put32(bytes, 16, crc32c(crc32cWord(crc32cWord(seed, block), 0), bytes));
}

/** Reads entries from `first` on; empty when the space does not begin with the magic number. */
export function decodeXattrs(bytes: Uint8Array, first: number, offsetBase: number): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  if (get32(bytes, 0) !== magic) return xattrs;
  for (let position = first; position + entryHeaderSize <= bytes.length && get32(bytes, position) !== 0; ) {
    const nameLength = bytes[position]!;
    const index = bytes[position + 1]!;
    const { prefix = '', isAcl = false } = xattrPrefixes.find((known) => known.index === index) ?? {};
    const name = Buffer.from(bytes.subarray(position + entryHeaderSize, position + entryHeaderSize + nameLength)).toString('latin1');
    const valueStart = get16(bytes, position + 2) + offsetBase;
    const value = bytes.slice(valueStart, valueStart + get32(bytes, position + 8));
    xattrs.set(prefix + name, isAcl ? aclFromDisk(value) : value);
    position += roundUp(entryHeaderSize + nameLength, 4);
  }
  return xattrs;
}
