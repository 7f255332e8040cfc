import { BerthError } from '../protocol/errors.ts';
import type { Geometry } from './geometry.ts';
import { blocksPerGroup, groupLength, groupPlaces, groupsPerFlex, superblockBlocks } from './geometry.ts';

export interface Run {
  readonly start: number;
  readonly length: number;
}

/**
 * Knows which blocks are taken. Hands out runs from a frontier that moves through the disk, so that files which
 * arrive one after the other lie one after the other; runs given back are used again where a request fits in one.
 * The bitmap is in ext4's own order: bit n of the byte at n/8 is block n, 4096 bytes for each group.
 */
export class BlockAllocator {
  readonly bitmap: Uint8Array;
  readonly #geometry: Geometry;
  #frontier = 0;
  /** Runs given back; list n holds those of 2ⁿ to 2ⁿ⁺¹ - 1 blocks. */
  readonly #free: Run[][] = Array.from({ length: 32 }, () => []);

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
    this.bitmap = new Uint8Array(geometry.groupCount * (blocksPerGroup / 8));
    for (let group = 0; group < geometry.groupCount; group++) {
      this.#mark({ start: group * blocksPerGroup, length: superblockBlocks(geometry, group) }, true);
      if (group % groupsPerFlex !== 0) continue;
      const members = Math.min(groupsPerFlex, geometry.groupCount - group);
      this.#mark({ start: groupPlaces(geometry, group).blockBitmap, length: members * (2 + geometry.inodeTableBlocks) }, true);
    }
  }

  /**
   * Takes `count` blocks: in one run where that is possible, else in several.
   * @throws BerthError LayerInvalid when the disk has no room left.
   */
  allocate(count: number): Run[] {
    if (count === 0) return [];
    const reused = this.#takeFreed(count);
    if (reused !== undefined) return [reused];
    const runs: Run[] = [];
    let wanted = count;
    while (wanted > 0) {
      const run = this.#advance(wanted) ?? this.#takeAnyFreed(wanted);
      if (run === undefined) {
        throw new BerthError('LayerInvalid', `The image needs more room than its disk of ${this.#geometry.size} bytes has. Use a smaller image.`);
      }
      runs.push(run);
      this.#mark(run, true);
      wanted -= run.length;
    }
    return runs;
  }

  release(run: Run): void {
    this.#mark(run, false);
    this.#keep(run);
  }

  /** Free blocks of a group. */
  countFree(group: number): number {
    const first = group * (blocksPerGroup / 8);
    const length = groupLength(this.#geometry, group);
    let used = 0;
    for (let index = first; index < first + blocksPerGroup / 8; index++) used += bitCounts[this.bitmap[index]!]!;
    return length - used;
  }

  /** A run that is surely long enough; one that might be is not looked for, so that this stays quick. */
  #takeFreed(count: number): Run | undefined {
    for (let order = sizeClass(2 * count - 1); order < this.#free.length; order++) {
      const run = this.#free[order]!.pop();
      if (run !== undefined) return this.#takeFrom(run, count);
    }
    return undefined;
  }

  /** Part of the request from the longest run there is; if any. */
  #takeAnyFreed(count: number): Run | undefined {
    const run = this.#free.findLast((runs) => runs.length > 0)?.pop();
    return run === undefined ? undefined : this.#takeFrom(run, count);
  }

  #takeFrom(run: Run, count: number): Run {
    const length = Math.min(run.length, count);
    if (length < run.length) this.#keep({ start: run.start + length, length: run.length - length });
    const taken = { start: run.start, length };
    this.#mark(taken, true);
    return taken;
  }

  #keep(run: Run): void {
    this.#free[sizeClass(run.length)]!.push(run);
  }

  /** The next free run at the frontier, at most `count` long. Freed runs lie behind the frontier, never before it. */
  #advance(count: number): Run | undefined {
    const end = this.#geometry.blockCount;
    while (this.#frontier < end && this.#isTaken(this.#frontier)) this.#frontier++;
    if (this.#frontier === end) return undefined;
    const start = this.#frontier;
    while (this.#frontier < end && this.#frontier - start < count && !this.#isTaken(this.#frontier)) this.#frontier++;
    return { start, length: this.#frontier - start };
  }

  #isTaken(block: number): boolean {
    return (this.bitmap[block >>> 3]! & (1 << (block & 7))) !== 0;
  }

  #mark(run: Run, taken: boolean): void {
    const end = run.start + run.length;
    for (let block = run.start; block < end; ) {
      const whole = (block & 7) === 0 && end - block >= 8;
      const bits = whole ? 0xff : 1 << (block & 7);
      const index = block >>> 3;
      this.bitmap[index] = taken ? this.bitmap[index]! | bits : this.bitmap[index]! & ~bits;
      block += whole ? 8 : 1;
    }
  }
}

function sizeClass(length: number): number {
  return 31 - Math.clz32(length);
}

const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});
