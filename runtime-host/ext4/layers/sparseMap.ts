import type { DataRange } from '../fileWriter.ts';
import { blockSize } from '../geometry.ts';
import type { PaxRecords } from './paxRecords.ts';
import { parsePaxNumber } from './paxRecords.ts';
import { layerInvalid, sizeField, tarBlockSize } from './tarHeader.ts';

/*
 * The maps of GNU sparse files: which ranges of the file the data of the entry is for.
 *
 *   type 'S'    four pairs in the header from 386 on; while a flag says so, blocks of 21 pairs follow (flag at 504)
 *   pax 0.0     records GNU.sparse.size, then GNU.sparse.offset and GNU.sparse.numbytes in turn
 *   pax 0.1     records GNU.sparse.size and GNU.sparse.map=offset,length,offset,length…
 *   pax 1.0     records GNU.sparse.major=1, GNU.sparse.realsize; the data begins with lines of decimal numbers (count,
 *               then offset and length in turn), padded to 512
 */

export interface SparseMap {
  readonly size: number;
  readonly ranges: readonly DataRange[];
}

const headerPairs = { offset: 386, count: 4, flag: 482 };
const extensionPairs = { offset: 0, count: 21, flag: 504 };
const realSizeOffset = 483;
/** Blocks of a file have 32-bit numbers, and the last of them is none. */
const largestFileSize = (2 ** 32 - 1) * blockSize;
/** More digits than a number in a map can have. */
const longestLine = 20;

/** Pairs of a header or of a block that continues it, and whether another one follows. */
export function readOldPairs(block: Buffer, isExtension: boolean): { readonly ranges: DataRange[]; readonly more: boolean } {
  const { offset, count, flag } = isExtension ? extensionPairs : headerPairs;
  const ranges: DataRange[] = [];
  for (let index = 0; index < count; index++) {
    const at = offset + index * 24;
    if (block[at] === 0) break;
    ranges.push({ offset: sizeField(block, at), length: sizeField(block, at + 12) });
  }
  return { ranges, more: block[flag] !== 0 };
}

export function readOldSize(block: Buffer): number {
  return sizeField(block, realSizeOffset);
}

/** The map in pax records; `'data'` when it stands before the data (1.0), undefined when the file is not sparse. */
export function sparseFromRecords(records: PaxRecords): SparseMap | { readonly inData: true; readonly size: number } | undefined {
  const values = new Map(records);
  const size = values.get('GNU.sparse.realsize') ?? values.get('GNU.sparse.size');
  if (size === undefined) return undefined;
  if (values.get('GNU.sparse.major') === '1') return { inData: true, size: parsePaxNumber(size) };
  const numbers = values.get('GNU.sparse.map')?.split(',') ?? records.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes').map(([, value]) => value);
  return { size: parsePaxNumber(size), ranges: toRanges(numbers.filter((text) => text !== '').map(parsePaxNumber)) };
}

/** Collects the blocks in front of the data of a 1.0 sparse file until the map is complete. */
export class LeadingMap {
  /** The numbers so far; the first one says how many pairs follow. */
  readonly #numbers: number[] = [];
  /** The last line, which may go on in the next block. */
  #rest = '';
  #mapSize = 0;

  /** Takes one block; returns the ranges once all are there, and how many bytes the map took. */
  add(block: Buffer): { readonly ranges: readonly DataRange[]; readonly mapSize: number } | undefined {
    this.#mapSize += tarBlockSize;
    const lines = (this.#rest + block.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#numbers.push(parsePaxNumber(line));
      if (this.#numbers.length === 1 + 2 * this.#numbers[0]!) return { ranges: toRanges(this.#numbers.slice(1)), mapSize: this.#mapSize };
    }
    if (this.#rest.length > longestLine) throw layerInvalid('a sparse file has a malformed map');
    return undefined;
  }
}

function toRanges(numbers: readonly number[]): DataRange[] {
  if (numbers.length % 2 !== 0) throw layerInvalid('a sparse file has a malformed map');
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({ offset: numbers[2 * index]!, length: numbers[2 * index + 1]! }));
}

/** @throws BerthError LayerInvalid when ranges overlap, leave the file, or are not what the data is for. */
export function checkRanges(map: SparseMap, dataSize: number): readonly DataRange[] {
  if (map.size > largestFileSize) throw layerInvalid('a sparse file is larger than 16 TiB, which cannot be stored');
  let end = 0;
  let sum = 0;
  for (const { offset, length } of map.ranges) {
    if (offset < end) throw layerInvalid('a sparse file has overlapping ranges');
    end = offset + length;
    sum += length;
  }
  if (end > map.size || sum !== dataSize) throw layerInvalid('a sparse file has a map that does not fit its size');
  return map.ranges;
}
