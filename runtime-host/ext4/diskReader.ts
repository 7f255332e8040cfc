import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { BerthError } from '../protocol/errors.ts';
import { get16, get32 } from './bytes.ts';
import { fileSystemSeed, inodeSeed } from './checksums.ts';
import { crc32c } from './crc32c.ts';
import { extentEntrySize, extentHeaderSize, extentMagic } from './extentTree.ts';
import { blockSize, inodeSize, rootInode } from './geometry.ts';
import type { StoredInode } from './inode.ts';
import { decodeInode, inlineXattrStart } from './inode.ts';
import type { Extent } from './node.ts';
import { isSuperblock, superblockOffset, superblockSize } from './superblock.ts';
import { decodeXattrs } from './xattrs.ts';

/** A name in a directory; names are byte strings (latin1). */
export interface StoredEntry {
  readonly name: string;
  readonly inode: number;
}

const mostSymlinks = 40;
const readSize = 1024 * 1024;

/** Reads file systems that this product has written, and nothing more exotic. Changes nothing. */
export class DiskReader {
  readonly #file: FileHandle;
  readonly #superblock: Buffer;
  readonly #seed: number;

  private constructor(file: FileHandle, superblock: Buffer) {
    this.#file = file;
    this.#superblock = superblock;
    this.#seed = fileSystemSeed(superblock.subarray(0x68, 0x78));
  }

  /** @throws BerthError InvalidArgument when it is not such a file system. */
  static async open(path: string): Promise<DiskReader> {
    const file = await open(path, 'r');
    try {
      const superblock = await readExactly(file, superblockOffset, superblockSize);
      if (!isSuperblock(superblock)) throw damaged(`${path} is not a disk that can be read`);
      return new DiskReader(file, superblock);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async readInode(number: number): Promise<StoredInode> {
    const perGroup = get32(this.#superblock, 0x28);
    const group = Math.floor((number - 1) / perGroup);
    const descriptor = await readExactly(this.#file, blockSize + group * get16(this.#superblock, 0xfe), 64);
    const table = get32(descriptor, 8) + get32(descriptor, 0x28) * 2 ** 32;
    const bytes = await readExactly(this.#file, table * blockSize + ((number - 1) % perGroup) * inodeSize, inodeSize);
    return decodeInode(number, bytes, inodeSeed(this.#seed, number, get32(bytes, 100)));
  }

  /**
   * The inode that a path from the root means.
   * @param followLast whether a symlink at the end of the path is followed, too
   * @returns undefined when there is none
   */
  async lookup(path: string, followLast = false): Promise<StoredInode | undefined> {
    const pending = Buffer.from(path).toString('latin1').split('/').reverse();
    const stack = [await this.readInode(rootInode)];
    let symlinks = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const current = stack[stack.length - 1]!;
      if (name === '' || name === '.') continue;
      if (current.kind !== 'directory') return undefined;
      if (name === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const found = (await this.readDirectory(current)).find((entry) => entry.name === name);
      if (found === undefined) return undefined;
      const inode = await this.readInode(found.inode);
      const isLast = pending.every((rest) => rest === '');
      if (inode.kind !== 'symlink' || (isLast && !followLast)) {
        stack.push(inode);
      } else {
        if (++symlinks > mostSymlinks) return undefined;
        const target = await this.readLink(inode);
        pending.push(...target.split('/').reverse());
        if (target.startsWith('/')) stack.length = 1;
      }
    }
    return stack[stack.length - 1];
  }

  /** The names in a directory, without `.` and `..`, in no particular order. */
  async readDirectory(directory: StoredInode): Promise<StoredEntry[]> {
    const bytes = await this.readAll(directory);
    const entries: StoredEntry[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const inode = get32(bytes, offset);
      const length = get16(bytes, offset + 4);
      const name = bytes.toString('latin1', offset + 8, offset + 8 + bytes[offset + 6]!);
      // In an indexed directory, the entries of index blocks are either empty or `.` and `..`, and reach to the end.
      if (inode !== 0 && name !== '.' && name !== '..') entries.push({ name, inode });
      if (length < 8) throw damaged('a directory is damaged');
      offset += length;
    }
    return entries;
  }

  async readLink(symlink: StoredInode): Promise<string> {
    if (symlink.fastSymlink) return Buffer.from(symlink.content.subarray(0, symlink.size)).toString('latin1');
    return (await this.readAll(symlink)).toString('latin1');
  }

  /** The content of a file, piece by piece; holes are zeros. */
  async *readFile(file: StoredInode): AsyncGenerator<Buffer> {
    let position = 0;
    for (const extent of await this.extents(file)) {
      yield* zeroPieces(Math.min(extent.logical * blockSize, file.size) - position);
      position = Math.min(extent.logical * blockSize, file.size);
      const end = Math.min((extent.logical + extent.length) * blockSize, file.size);
      for (let place = extent.start * blockSize; position < end; ) {
        const length = Math.min(readSize, end - position);
        yield await readExactly(this.#file, place, length);
        position += length;
        place += length;
      }
    }
    yield* zeroPieces(file.size - position);
  }

  async readAll(file: StoredInode): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.readFile(file)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Values by full name. */
  async xattrs(inode: StoredInode): Promise<Map<string, Uint8Array>> {
    const inline = decodeXattrs(inode.bytes.subarray(inlineXattrStart), 4, 4);
    if (inode.xattrBlock === 0) return inline;
    const block = await readExactly(this.#file, inode.xattrBlock * blockSize, blockSize);
    return new Map([...inline, ...decodeXattrs(block, 32, 0)]);
  }

  /** Where the content lies, in logical order. */
  async extents(inode: StoredInode): Promise<Extent[]> {
    return inode.usesExtents ? await this.#readExtents(inode.content, inode) : [];
  }

  async #readExtents(node: Uint8Array, inode: StoredInode): Promise<Extent[]> {
    if (get16(node, 0) !== extentMagic) throw damaged('the extents of a file are damaged');
    const depth = get16(node, 6);
    const extents: Extent[] = [];
    for (let index = 0; index < get16(node, 2); index++) {
      const offset = extentHeaderSize + index * extentEntrySize;
      if (depth === 0) {
        const start = get32(node, offset + 8) + get16(node, offset + 6) * 2 ** 32;
        extents.push({ logical: get32(node, offset), start, length: get16(node, offset + 4) });
        continue;
      }
      const block = get32(node, offset + 4) + get16(node, offset + 8) * 2 ** 32;
      const bytes = await readExactly(this.#file, block * blockSize, blockSize);
      if (crc32c(inode.seed, bytes, 0, blockSize - 4) !== get32(bytes, blockSize - 4)) throw damaged('the extents of a file are damaged');
      extents.push(...(await this.#readExtents(bytes, inode)));
    }
    return extents;
  }
}

function* zeroPieces(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= readSize) yield Buffer.alloc(Math.min(left, readSize));
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw damaged('it ends too early');
  return buffer;
}

function damaged(what: string): BerthError {
  return new BerthError('InvalidArgument', `The disk cannot be read: ${what}.`);
}
