import type { DataRange } from '../fileWriter.ts';
import type { PaxRecords } from './paxRecords.ts';
import { parsePaxRecords } from './paxRecords.ts';
import { LeadingMap, checkRanges, readOldPairs, readOldSize, sparseFromRecords } from './sparseMap.ts';
import type { TarEntry } from './tarEntry.ts';
import { assembleEntry } from './tarEntry.ts';
import type { RawHeader } from './tarHeader.ts';
import { layerInvalid, parseHeader, tarBlockSize } from './tarHeader.ts';

/** Receives an archive as it is read: an entry, its data in pieces, its end. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  data(bytes: Buffer): void;
  end(): void;
}

/** Long names and extended headers larger than this are not taken seriously. */
const largestExtension = 4 * 1024 * 1024;

type Extension = 'x' | 'g' | 'L' | 'K';
type State =
  | { readonly name: 'header' }
  | { readonly name: 'extension'; readonly type: Extension; readonly parts: Buffer[] }
  | { readonly name: 'oldSparse'; readonly header: RawHeader; readonly size: number; readonly ranges: DataRange[] }
  | { readonly name: 'leadingMap'; readonly entry: TarEntry; readonly map: LeadingMap }
  | { readonly name: 'data' }
  | { readonly name: 'skip' }
  | { readonly name: 'ended' };

/**
 * Reads a tar archive that arrives in pieces of any size (ustar, pax, GNU, their sparse files). Data is handed on
 * without being copied.
 * @throws BerthError LayerInvalid from {@link push} and {@link finish} when it is not an archive, or damaged.
 */
export class TarReader {
  readonly #handler: TarHandler;
  #state: State = { name: 'header' };
  /** Bytes of the entry's or extension's content that are still to come, and the padding after them. */
  #left = 0;
  #padding = 0;
  /** The part of a block that has arrived. */
  readonly #block = Buffer.alloc(tarBlockSize);
  #blockFilled = 0;
  #zeroBlocks = 0;
  readonly #globals = new Map<string, string>();
  #records: PaxRecords = [];
  #longName: string | undefined;
  #longTarget: string | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  push(chunk: Buffer): void {
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#left > 0) offset = this.#content(chunk, offset);
      else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, chunk.length - offset);
        this.#padding -= skipped;
        offset += skipped;
      } else offset = this.#blockPart(chunk, offset);
    }
  }

  /** To be called after the last piece. */
  finish(): void {
    const { name } = this.#state;
    const atEnd = name === 'ended' || (name === 'header' && this.#records.length === 0 && this.#longName === undefined && this.#longTarget === undefined);
    // Padding after the end need not fill its last block.
    const isTorn = this.#blockFilled > 0 && !(name === 'ended' && isZero(this.#block.subarray(0, this.#blockFilled)));
    if (!atEnd || this.#left > 0 || this.#padding > 0 || isTorn) throw layerInvalid('it ends in the middle of an entry');
  }

  /** Hands on content; returns where it ends in the chunk. */
  #content(chunk: Buffer, offset: number): number {
    const length = Math.min(this.#left, chunk.length - offset);
    const bytes = offset === 0 && length === chunk.length ? chunk : chunk.subarray(offset, offset + length);
    this.#left -= length;
    if (this.#state.name === 'data') this.#handler.data(bytes);
    else if (this.#state.name === 'extension') this.#state.parts.push(Buffer.from(bytes));
    if (this.#left === 0) this.#contentEnded();
    return offset + length;
  }

  #contentEnded(): void {
    const state = this.#state;
    this.#state = { name: 'header' };
    if (state.name === 'data') this.#handler.end();
    else if (state.name === 'extension') this.#takeExtension(state.type, Buffer.concat(state.parts));
  }

  /** Collects a whole block and takes it; returns where it ends in the chunk. */
  #blockPart(chunk: Buffer, offset: number): number {
    if (this.#blockFilled === 0 && chunk.length - offset >= tarBlockSize) {
      this.#takeBlock(chunk.subarray(offset, offset + tarBlockSize));
      return offset + tarBlockSize;
    }
    const length = Math.min(tarBlockSize - this.#blockFilled, chunk.length - offset);
    chunk.copy(this.#block, this.#blockFilled, offset, offset + length);
    this.#blockFilled += length;
    if (this.#blockFilled === tarBlockSize) {
      this.#blockFilled = 0;
      this.#takeBlock(this.#block);
    }
    return offset + length;
  }

  #takeBlock(block: Buffer): void {
    const state = this.#state;
    if (state.name === 'header') this.#takeHeader(block);
    else if (state.name === 'oldSparse') this.#takeOldSparse(state, block, true);
    else if (state.name === 'leadingMap') this.#takeLeadingMap(state, block);
    else if (!isZero(block)) throw layerInvalid('something follows after its end');
  }

  #takeHeader(block: Buffer): void {
    if (block[0] === 0 && isZero(block)) {
      if (++this.#zeroBlocks === 2) this.#state = { name: 'ended' };
      return;
    }
    if (this.#zeroBlocks > 0) throw layerInvalid('something follows after its end');
    const header = parseHeader(block);
    switch (header.type) {
      case 'x':
      case 'g':
      case 'L':
      case 'K':
        if (header.size > largestExtension) throw layerInvalid('an entry has an extended header that is too large');
        this.#state = { name: 'extension', type: header.type, parts: [] };
        this.#expect(header.size);
        break;
      case 'V':
        this.#state = { name: 'skip' };
        this.#expect(header.size);
        break;
      case 'S':
        this.#takeOldSparse({ header, size: readOldSize(block), ranges: [] }, block, false);
        break;
      default:
        this.#takeEntry(header);
    }
  }

  #takeEntry(header: RawHeader): void {
    const entry = this.#assemble(header);
    const sparse = entry.kind === 'file' ? sparseFromRecords(this.#records) : undefined;
    this.#forgetExtensions();
    if (sparse === undefined) {
      this.#begin(entry);
    } else if ('inData' in sparse) {
      this.#padding = 0;
      this.#state = { name: 'leadingMap', entry: { ...entry, size: sparse.size }, map: new LeadingMap() };
    } else {
      this.#begin({ ...entry, size: sparse.size, ranges: checkRanges(sparse, entry.dataSize) });
    }
  }

  #takeOldSparse(state: { readonly header: RawHeader; readonly size: number; readonly ranges: DataRange[] }, block: Buffer, isExtension: boolean): void {
    const { ranges, more } = readOldPairs(block, isExtension);
    state.ranges.push(...ranges);
    if (more) {
      this.#state = { name: 'oldSparse', ...state };
      return;
    }
    const entry = this.#assemble(state.header);
    this.#forgetExtensions();
    this.#begin({ ...entry, size: state.size, ranges: checkRanges(state, entry.dataSize) });
  }

  #takeLeadingMap(state: { readonly entry: TarEntry; readonly map: LeadingMap }, block: Buffer): void {
    const { entry } = state;
    const complete = state.map.add(block);
    if (complete === undefined) return;
    const dataSize = entry.dataSize - complete.mapSize;
    this.#begin({ ...entry, dataSize, ranges: checkRanges({ size: entry.size, ranges: complete.ranges }, dataSize) });
  }

  #assemble(header: RawHeader): TarEntry {
    return assembleEntry(header, { globals: this.#globals, records: this.#records, longName: this.#longName, longTarget: this.#longTarget });
  }

  #forgetExtensions(): void {
    this.#records = [];
    this.#longName = undefined;
    this.#longTarget = undefined;
  }

  #begin(entry: TarEntry): void {
    this.#state = { name: 'data' };
    this.#handler.entry(entry);
    this.#expect(entry.dataSize);
  }

  #expect(size: number): void {
    this.#left = size;
    this.#padding = (tarBlockSize - (size % tarBlockSize)) % tarBlockSize;
    if (size === 0) this.#contentEnded();
  }

  #takeExtension(type: Extension, bytes: Buffer): void {
    if (type === 'L') this.#longName = untilZero(bytes);
    else if (type === 'K') this.#longTarget = untilZero(bytes);
    else if (type === 'x') this.#records = parsePaxRecords(bytes);
    else for (const [key, value] of parsePaxRecords(bytes)) this.#globals.set(key, value);
  }
}

const zeroBlock = Buffer.alloc(tarBlockSize);

/** Whether a block, or the beginning of one, is all zero. */
function isZero(block: Buffer): boolean {
  return block.equals(zeroBlock.subarray(0, block.length));
}

function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}
