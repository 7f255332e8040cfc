import { open, type FileHandle } from 'node:fs/promises';
import { isNodeError } from '../protocol/errors.ts';
import { outputLogSegment } from '../protocol/paths.ts';
import { decodeEntry, fileMagic, headerLength, logStart, segmentsOf, type LogPlace, type OutputLogEntry } from './outputLogFormat.ts';

const readSize = 64 * 1024;

/** An entry with the place in the log where the next one begins. */
export interface PlacedEntry extends OutputLogEntry {
  readonly end: LogPlace;
}

export interface ReaderOptions {
  /** Whether it is known that a file is the one that is being written, so that no next one is looked for. */
  readonly isLast?: (segment: number) => boolean;
  /** Also gives the entries that say where the last file stopped. */
  readonly withContinuations?: boolean;
}

/**
 * Reads a log while it may still grow. {@link next} answers undefined at the end of what there is, also before damage in
 * the last file, and can be asked again later. A log that does not exist yet is empty; what was removed is passed over.
 */
export class OutputLogReader {
  readonly #path: string;
  readonly #options: ReaderOptions;
  #place: LogPlace;
  #file: FileHandle | undefined;
  #buffered: Buffer = Buffer.alloc(0);
  /** Where each read goes first; one for all of them, as most bring little and the last ones nothing. */
  #space: Buffer | undefined;
  /** Files that were opened early, as they are about to be removed. */
  readonly #held = new Map<number, FileHandle>();
  #closed = false;

  /**
   * @param from the `end` of an entry that was read before, or `logStart`
   */
  constructor(path: string, from: LogPlace = logStart, options: ReaderOptions = {}) {
    this.#path = path;
    this.#place = from;
    this.#options = options;
  }

  /** Behind the last entry that was read. */
  get place(): LogPlace {
    return this.#place;
  }

  async next(): Promise<PlacedEntry | undefined> {
    for (;;) {
      if (!this.#file && !(await this.#open())) return undefined;
      const entry = decodeEntry(this.#buffered);
      if (entry && entry !== 'damaged') {
        const length = headerLength + entry.data.length;
        this.#buffered = this.#buffered.subarray(length);
        this.#place = { ...this.#place, position: this.#place.position + length };
        if (entry.kind === 'continue' && !this.#options.withContinuations) continue;
        return { ...entry, end: this.#place };
      }
      if (entry !== 'damaged' && (await this.#readMore())) continue;
      if (await this.#goOn(entry === 'damaged')) continue;
      this.#buffered = Buffer.alloc(0); // Half an entry may be taken back, when the disk is full, and another one come in its place.
      return undefined;
    }
  }

  /** From now on the log may be removed: this reader still gets to its end. */
  async hold(): Promise<void> {
    for (const segment of await segmentsOf(this.#path)) {
      if (!this.#wants(segment)) continue;
      const file = await openIfExists(outputLogSegment(this.#path, segment));
      // Meanwhile it may have come there by itself, or have been let go.
      if (file && this.#wants(segment)) this.#held.set(segment, file);
      else await file?.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#closeFile();
    for (const file of this.#held.values()) await file.close();
    this.#held.clear();
  }

  /** Whether a file is still ahead of us, and not open. */
  #wants(segment: number): boolean {
    const isAhead = segment > this.#place.segment || (segment === this.#place.segment && !this.#file);
    return isAhead && !this.#closed && !this.#held.has(segment);
  }

  async #closeFile(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Number of the first file behind the one of our place. */
  async #next(): Promise<number | undefined> {
    const numbers = [...(await segmentsOf(this.#path)), ...this.#held.keys()].filter((number) => number > this.#place.segment);
    return numbers.length > 0 ? Math.min(...numbers) : undefined;
  }

  /** Opens the file of our place, or the next one that is still there. */
  async #open(): Promise<boolean> {
    for (;;) {
      const { segment } = this.#place;
      const opened = this.#held.has(segment) ? undefined : await openIfExists(outputLogSegment(this.#path, segment));
      const held = this.#held.get(segment);
      this.#held.delete(segment);
      this.#file = opened ?? held;
      if (opened) await held?.close(); // It was held while we opened it.
      if (this.#file) return true;
      const next = await this.#next();
      if (next === undefined) return false;
      this.#place = { segment: next, position: fileMagic.length };
    }
  }

  /** To the next file, if there is one: then this one has got all that it ever will. */
  async #goOn(isDamaged: boolean): Promise<boolean> {
    if (this.#options.isLast?.(this.#place.segment)) return false;
    const next = await this.#next();
    if (next === undefined) return false;
    if (!isDamaged && (await this.#readMore())) return true;
    await this.#closeFile();
    this.#buffered = Buffer.alloc(0);
    this.#place = { segment: next, position: fileMagic.length };
    return true;
  }

  async #readMore(): Promise<boolean> {
    if (!this.#file) return false;
    this.#space ??= Buffer.allocUnsafeSlow(readSize);
    const { bytesRead } = await this.#file.read(this.#space, 0, readSize, this.#place.position + this.#buffered.length);
    if (bytesRead > 0) this.#buffered = Buffer.concat([this.#buffered, this.#space.subarray(0, bytesRead)]);
    return bytesRead > 0;
  }
}

/** All whole entries of a log as it is now, from a place on. */
export async function* readOutputLog(path: string, from: LogPlace = logStart): AsyncGenerator<PlacedEntry> {
  const reader = new OutputLogReader(path, from);
  try {
    for (let entry = await reader.next(); entry; entry = await reader.next()) yield entry;
  } finally {
    await reader.close();
  }
}

async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
