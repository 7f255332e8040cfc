import { BerthError } from '../protocol/errors.ts';
import type { BlockAllocator } from './blockAllocator.ts';
import { inodeSeed } from './checksums.ts';
import { buildDirectory } from './directoryBlocks.ts';
import type { DiskFile } from './diskFile.ts';
import { buildExtentTree, normalizeExtents } from './extentTree.ts';
import type { FileTree } from './fileTree.ts';
import type { Geometry } from './geometry.ts';
import { blockSize, firstInode, groupPlaces, inodeSize, journalBlocks, journalInode, rootInode } from './geometry.ts';
import type { InodeFields } from './inode.ts';
import { encodeDevice, encodeInode, extentsFlag, indexFlag, inlineXattrRoom, mostLinks } from './inode.ts';
import type { Extent, FileNode } from './node.ts';
import { createNode, plainMetadata } from './node.ts';
import { encodeXattrs, sealXattrBlock } from './xattrs.ts';

export interface InodeContext {
  readonly geometry: Geometry;
  readonly disk: DiskFile;
  readonly blocks: BlockAllocator;
  /** The file system's checksum seed. */
  readonly seed: number;
  readonly hashSeed: Uint8Array;
  readonly time: number;
}

/** A target of up to this many bytes lies in the inode itself. */
const fastSymlink = 59;
/** Bytes of metadata that are encoded before the disk is given a chance to take them. */
const nodesBetweenWrites = 1000;

/** What an inode's content has come to: the 60 bytes at offset 40, its flags, and how many blocks it takes. */
type Content = Pick<InodeFields, 'content' | 'flags' | 'blocks' | 'size'>;

/** Numbers the nodes of a tree and writes their inodes, directories, extents and attributes. */
export class InodeWriter {
  readonly #context: InodeContext;
  /** Encoded inodes by group, as far as the group has any. */
  readonly #tables: { bytes: Uint8Array }[] = [];
  readonly directoriesByGroup: number[] = [];
  /** Inodes are used from number 1 to this one. */
  lastInode = firstInode - 1;
  #journalExtents: Uint8Array = new Uint8Array(60);

  constructor(context: InodeContext) {
    this.#context = context;
  }

  /** The journal inode's 60 bytes of extents. */
  get journalExtents(): Uint8Array {
    return this.#journalExtents;
  }

  writeJournal(extents: readonly Extent[]): void {
    const journal = createNode('file', plainMetadata(0o600, { seconds: this.#context.time, nanoseconds: 0 }));
    const content = this.#mapBlocks(journalInode, normalizeExtents(extents), journalBlocks * blockSize);
    this.#journalExtents = content.content;
    this.#put(journalInode, { ...content, kind: 'file', metadata: journal.metadata, links: 1, xattrBlock: 0, inlineXattrs: undefined });
  }

  /** Writes all nodes, and a directory lost+found for e2fsck if there is none and one is wanted. */
  async writeTree(tree: FileTree, lostAndFound: boolean): Promise<void> {
    if (lostAndFound && !tree.root.children.has('lost+found')) {
      const node = createNode('directory', plainMetadata(0o700, { seconds: this.#context.time, nanoseconds: 0 }));
      tree.link({ directory: tree.root, name: 'lost+found', path: [{ node: tree.root, name: '' }] }, node, 0);
    }
    const parents = this.#number(tree.root);
    let count = 0;
    for (const [node, parent] of parents) {
      this.#writeNode(node, parent);
      if (++count % nodesBetweenWrites === 0) await this.#context.disk.settle();
    }
  }

  writeTables(): void {
    this.#tables.forEach(({ bytes }, group) => {
      this.#context.disk.queue(groupPlaces(this.#context.geometry, group).inodeTable * blockSize, bytes);
    });
  }

  /** Gives every node its number; returns them in that order, each with its (first) parent. lost+found gets its usual one. */
  #number(root: FileNode): Map<FileNode, FileNode> {
    const parents = new Map([[root, root]]);
    const lostAndFound = root.children.get('lost+found')?.node;
    root.number = rootInode;
    if (lostAndFound) {
      lostAndFound.number = ++this.lastInode;
      parents.set(lostAndFound, root);
    }
    for (const directory of parents.keys()) {
      for (const { node } of directory.children.values()) {
        if (parents.has(node)) continue;
        node.number = ++this.lastInode;
        parents.set(node, directory);
      }
    }
    const { geometry } = this.#context;
    if (this.lastInode > geometry.groupCount * geometry.inodesPerGroup) {
      throw new BerthError('LayerInvalid', `The image has ${this.lastInode} files, more than a disk of ${geometry.size} bytes can hold.`);
    }
    return parents;
  }

  #writeNode(node: FileNode, parent: FileNode): void {
    const { metadata } = node;
    const content = this.#writeContent(node, parent);
    const { inline: inlineXattrs, block } = encodeXattrs(metadata.xattrs, inlineXattrRoom);
    const xattrBlock = block === undefined ? 0 : this.#writeXattrBlock(block);
    const blocks = content.blocks + (xattrBlock === 0 ? 0 : 1);
    this.#put(node.number, { ...content, kind: node.kind, metadata, links: linkCount(node), blocks, xattrBlock, inlineXattrs });
    if (node.kind === 'directory') {
      const group = Math.floor((node.number - 1) / this.#context.geometry.inodesPerGroup);
      this.directoriesByGroup[group] = (this.directoriesByGroup[group] ?? 0) + 1;
    }
  }

  #writeContent(node: FileNode, parent: FileNode): Content {
    switch (node.kind) {
      case 'file':
        return this.#mapBlocks(node.number, normalizeExtents(node.extents), node.size);
      case 'directory':
        return this.#writeDirectory(node, parent);
      case 'symlink':
        return this.#writeSymlink(node);
      case 'character':
      case 'block':
        return { content: encodeDevice(node.major, node.minor), flags: 0, blocks: 0, size: 0 };
      case 'fifo':
        return { content: new Uint8Array(60), flags: 0, blocks: 0, size: 0 };
    }
  }

  #writeDirectory(node: FileNode, parent: FileNode): Content {
    const entries = [...node.children].map(([name, child]) => ({ name: Buffer.from(name, 'latin1'), inode: child.node.number, kind: child.node.kind }));
    const { bytes, indexed } = buildDirectory(node.number, parent.number, entries, this.#seedOf(node.number), this.#context.hashSeed);
    const content = this.#writeBlocks(node.number, bytes, bytes.length);
    return indexed ? { ...content, flags: content.flags | indexFlag } : content;
  }

  #writeSymlink(node: FileNode): Content {
    const target = Buffer.from(node.target, 'latin1');
    const bytes = new Uint8Array(target.length <= fastSymlink ? 60 : blockSize);
    bytes.set(target);
    if (target.length <= fastSymlink) return { content: bytes, flags: 0, blocks: 0, size: target.length };
    return this.#writeBlocks(node.number, bytes, target.length);
  }

  /** Gives whole blocks of content a place and writes them. */
  #writeBlocks(inode: number, bytes: Uint8Array, size: number): Content {
    const extents: Extent[] = [];
    let logical = 0;
    for (const run of this.#context.blocks.allocate(bytes.length / blockSize)) {
      extents.push({ logical, ...run });
      this.#context.disk.queue(run.start * blockSize, bytes.subarray(logical * blockSize, (logical + run.length) * blockSize));
      logical += run.length;
    }
    return this.#mapBlocks(inode, normalizeExtents(extents), size);
  }

  #mapBlocks(inode: number, extents: readonly Extent[], size: number): Content {
    const tree = buildExtentTree(extents, this.#seedOf(inode), () => this.#context.blocks.allocate(1)[0]!.start);
    for (const { block, bytes } of tree.blocks) this.#context.disk.queue(block * blockSize, bytes);
    const blocks = extents.reduce((sum, extent) => sum + extent.length, tree.blocks.length);
    return { content: tree.root, flags: extentsFlag, blocks, size };
  }

  #writeXattrBlock(bytes: Uint8Array): number {
    const block = this.#context.blocks.allocate(1)[0]!.start;
    sealXattrBlock(bytes, block, this.#context.seed);
    this.#context.disk.queue(block * blockSize, bytes);
    return block;
  }

  #seedOf(inode: number): number {
    return inodeSeed(this.#context.seed, inode);
  }

  #put(inode: number, fields: InodeFields): void {
    const { inodesPerGroup } = this.#context.geometry;
    const group = Math.floor((inode - 1) / inodesPerGroup);
    while (this.#tables.length <= group) this.#tables.push({ bytes: new Uint8Array(blockSize) });
    const table = this.#tables[group]!;
    const offset = ((inode - 1) % inodesPerGroup) * inodeSize;
    if (offset >= table.bytes.length) {
      const larger = new Uint8Array(Math.min(2 * table.bytes.length, inodesPerGroup * inodeSize));
      larger.set(table.bytes);
      table.bytes = larger;
    }
    table.bytes.set(encodeInode(fields, this.#seedOf(inode)), offset);
  }
}

/** Directories count themselves, their name and their subdirectories. */
function linkCount(node: FileNode): number {
  if (node.kind !== 'directory') {
    if (node.links <= mostLinks) return node.links;
    throw new BerthError('LayerInvalid', `The image has a file with ${node.links} names; ${mostLinks} is the limit.`);
  }
  let links = 2;
  for (const { node: child } of node.children.values()) if (child.kind === 'directory') links++;
  return links >= mostLinks ? 1 : links;
}
