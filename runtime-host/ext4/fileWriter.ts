import type { BlockAllocator, Run } from './blockAllocator.ts';
import type { DiskFile } from './diskFile.ts';
import { blockSize } from './geometry.ts';
import type { Extent, FileNode } from './node.ts';

/** Bytes `offset` to `offset + length` of a file hold data; what no range names reads as zeros. */
export interface DataRange {
  readonly offset: number;
  readonly length: number;
}

const zeros = new Uint8Array(blockSize);

/**
 * Writes the content of one file at a time to its final place, while it arrives. Blocks are taken when the file
 * begins, all of them, so that a file lies in one piece where possible.
 */
export class FileWriter {
  readonly #disk: DiskFile;
  readonly #blocks: BlockAllocator;
  /** What is still to be filled, the next run last. */
  #runs: Run[] = [];
  /** Bytes of the next run that have been filled. */
  #filled = 0;
  /** Data ranges to come, the next one last, and the end of the last one. */
  #ranges: DataRange[] = [];
  #position = 0;
  #left = 0;

  constructor(disk: DiskFile, blocks: BlockAllocator) {
    this.#disk = disk;
    this.#blocks = blocks;
  }

  /**
   * Begins a file of `size` bytes. {@link append} then takes the bytes of its ranges, in order.
   * @param ranges in ascending order, not overlapping, within the size; without them the whole file is one
   */
  begin(node: FileNode, size: number, ranges: readonly DataRange[] = [{ offset: 0, length: size }]): void {
    const used = ranges.filter((range) => range.length > 0);
    node.size = size;
    node.extents = this.#allocate(used);
    this.#runs = [...node.extents].reverse();
    this.#ranges = [...used].reverse();
    this.#filled = 0;
    this.#position = 0;
    this.#left = 0;
  }

  append(data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      if (this.#left === 0) this.#nextRange();
      const length = Math.min(this.#left, data.length - done);
      this.#put(length === data.length ? data : data.subarray(done, done + length));
      this.#left -= length;
      this.#position += length;
      done += length;
    }
  }

  /** Fills the rest of the last block with zeros, so that nothing that was there before shines through. */
  end(): void {
    this.#fillBlock();
  }

  #nextRange(): void {
    const range = this.#ranges.pop();
    if (range === undefined) throw new RangeError('More data than the file has room for.');
    if (Math.floor(range.offset / blockSize) * blockSize > this.#position) {
      this.#fillBlock();
      this.#position = Math.floor(range.offset / blockSize) * blockSize;
    }
    this.#put(zeros.subarray(0, range.offset - this.#position));
    this.#position = range.offset;
    this.#left = range.length;
  }

  #fillBlock(): void {
    const over = this.#filled % blockSize;
    if (over > 0) this.#put(zeros.subarray(over));
  }

  #put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const run = this.#runs[this.#runs.length - 1]!;
      const length = Math.min(run.length * blockSize - this.#filled, bytes.length - done);
      this.#disk.queue(run.start * blockSize + this.#filled, length === bytes.length ? bytes : bytes.subarray(done, done + length));
      done += length;
      this.#filled += length;
      if (this.#filled === run.length * blockSize) {
        this.#runs.pop();
        this.#filled = 0;
      }
    }
  }

  /** Blocks for all that the ranges touch. */
  #allocate(ranges: readonly DataRange[]): Extent[] {
    const extents: Extent[] = [];
    let next = 0;
    for (const range of ranges) {
      const first = Math.max(next, Math.floor(range.offset / blockSize));
      next = Math.ceil((range.offset + range.length) / blockSize);
      let logical = first;
      for (const run of this.#blocks.allocate(next - first)) {
        extents.push({ logical, ...run });
        logical += run.length;
      }
    }
    return extents;
  }
}
