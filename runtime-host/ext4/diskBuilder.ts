import { createHash } from 'node:crypto';
import { BlockAllocator } from './blockAllocator.ts';
import { fileSystemSeed } from './checksums.ts';
import { DiskFile } from './diskFile.ts';
import { FileTree } from './fileTree.ts';
import { FileWriter } from './fileWriter.ts';
import type { Geometry } from './geometry.ts';
import { blockSize, journalBlocks, planGeometry } from './geometry.ts';
import { writeGroups } from './groupWriter.ts';
import { InodeWriter } from './inodeWriter.ts';
import { encodeJournalSuperblock } from './journal.ts';
import type { Extent } from './node.ts';

export interface DiskOptions {
  /** Size of the disk in bytes. */
  readonly size: number;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /** When the file system was made, in seconds since 1970. */
  readonly time: number;
  /** Whether it gets an empty directory lost+found, where e2fsck puts what it finds; default: yes. */
  readonly lostAndFound?: boolean;
}

/**
 * Makes an ext4 file system in a sparse file: fill {@link tree} and write files' contents through {@link files}, then
 * call {@link finish}. File contents go to the disk while they arrive; all metadata is kept in memory and written last.
 */
export class DiskBuilder {
  readonly tree: FileTree;
  readonly files: FileWriter;
  readonly geometry: Geometry;
  readonly #disk: DiskFile;
  readonly #blocks: BlockAllocator;
  readonly #options: DiskOptions;
  readonly #journal: readonly Extent[];

  /** @param handle descriptor of an empty file, open for writing; it stays the caller's */
  constructor(handle: number, options: DiskOptions) {
    this.geometry = planGeometry(options.size);
    this.#options = options;
    this.#disk = new DiskFile(handle);
    const blocks = new BlockAllocator(this.geometry);
    this.#blocks = blocks;
    let logical = 0;
    this.#journal = blocks.allocate(journalBlocks).map((run) => {
      logical += run.length;
      return { logical: logical - run.length, ...run };
    });
    this.files = new FileWriter(this.#disk, blocks);
    this.tree = new FileTree((node) => {
      for (const extent of node.extents) blocks.release(extent);
      node.extents = [];
    });
  }

  /** Waits while more has been queued than should be held in memory. */
  async settle(): Promise<void> {
    await this.#disk.settle();
  }

  /** To be called, whatever has happened, before the handle is closed. Never rejects. */
  async release(): Promise<void> {
    await this.#disk.release();
  }

  /** Writes all metadata and makes the disk durable. Nothing may be added afterwards. */
  async finish(): Promise<void> {
    const { uuid, time } = this.#options;
    const seed = fileSystemSeed(uuid);
    const hashSeed = createHash('sha256').update('directories').update(uuid).digest().subarray(0, 16);
    await this.#disk.setSize(this.geometry.size);
    this.#disk.queue(this.#journal[0]!.start * blockSize, encodeJournalSuperblock(uuid));
    const inodes = new InodeWriter({ geometry: this.geometry, disk: this.#disk, blocks: this.#blocks, seed, hashSeed, time });
    inodes.writeJournal(this.#journal);
    await inodes.writeTree(this.tree, this.#options.lostAndFound ?? true);
    inodes.writeTables();
    writeGroups({ geometry: this.geometry, disk: this.#disk, blocks: this.#blocks, seed, hashSeed, uuid, time, inodes });
    await this.#disk.sync();
  }
}
