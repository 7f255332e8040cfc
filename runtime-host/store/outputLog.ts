import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { outputLogSegment } from '../protocol/paths.ts';
import { continuation, encodeEntry, fileMagic, logStart, removeOutputLog, segmentsOf, stateAfter, type LogPlace, type LogState, type StreamOffsets } from './outputLogFormat.ts';
import { OutputLogReader } from './outputLogReader.ts';

export { logStart, removeOutputLog, type LogPlace, type StreamOffsets } from './outputLogFormat.ts';
export { OutputLogReader, readOutputLog, type PlacedEntry } from './outputLogReader.ts';

/** How much of a log is kept. */
export interface LogLimits {
  /** Bytes after which the next file begins. */
  readonly maxSize: number;
  /** Number of files, the one that is written included. */
  readonly maxFiles: number;
}

export const defaultLogLimits: LogLimits = { maxSize: 10 * 1024 * 1024, maxFiles: 5 };

const emptyState: LogState = { offsets: { stdout: 0, stderr: 0 }, runStart: logStart };

/** Appends to a log. One writer at a time. */
export class OutputLogWriter {
  readonly #path: string;
  readonly #limits: LogLimits;
  #file: FileHandle;
  #end: LogPlace;
  #state: LogState;

  private constructor(path: string, limits: LogLimits, file: FileHandle, end: LogPlace, state: LogState) {
    this.#path = path;
    this.#limits = limits;
    this.#file = file;
    this.#end = end;
    this.#state = state;
  }

  /** Opens or creates the log and cuts off a torn last entry (or everything, when the file is no log at all). */
  static async open(path: string, limits: LogLimits = defaultLogLimits): Promise<OutputLogWriter> {
    const segments = await segmentsOf(path);
    let found = await lastState(path, segments.pop() ?? 0);
    while (!found.hasBegun && segments.length > 0) {
      await rm(outputLogSegment(path, found.end.segment), { force: true });
      found = await lastState(path, segments.pop() ?? 0);
    }
    const { end, state, hasBegun } = found;
    const file = await open(outputLogSegment(path, end.segment), constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      await file.truncate(hasBegun ? end.position : 0);
      const beginning = end.segment === 0 ? fileMagic : continuation(state);
      if (!hasBegun) await writeAll(file, beginning, 0);
      return new OutputLogWriter(path, limits, file, hasBegun ? end : { ...end, position: beginning.length }, state);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get offsets(): StreamOffsets {
    return this.#state.offsets;
  }

  /** Place after the last entry. */
  get end(): LogPlace {
    return this.#end;
  }

  /** Place where the output since the last start begins; it may have been removed since. */
  get runStart(): LogPlace {
    return this.#state.runStart;
  }

  /** Number of the newest file that the next {@link append} will remove; negative for none. */
  get nextRemoved(): number {
    return this.#end.position < this.#limits.maxSize ? -1 : this.#end.segment + 1 - this.#limits.maxFiles;
  }

  async markStart(): Promise<void> {
    await this.#write([encodeEntry({ kind: 'start', offset: 0, time: Date.now(), data: Buffer.alloc(0) })]);
    this.#state = { offsets: emptyState.offsets, runStart: this.#end };
  }

  /** Resolves when the data is in the operating system's hands, where only the whole machine's end can lose it. */
  async append(pieces: readonly { readonly stream: 'stdout' | 'stderr'; readonly offset: number; readonly data: Uint8Array }[]): Promise<void> {
    const time = Date.now();
    await this.#write(pieces.map(({ stream, offset, data }) => encodeEntry({ kind: stream, offset, time, data: Buffer.from(data.buffer, data.byteOffset, data.length) })));
    const offsets = pieces.reduce((sum, { stream, offset, data }) => ({ ...sum, [stream]: offset + data.length }), this.#state.offsets);
    this.#state = { ...this.#state, offsets };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(entries: readonly Buffer[]): Promise<void> {
    if (this.#end.position >= this.#limits.maxSize) await this.#rotate();
    const bytes = Buffer.concat(entries);
    try {
      await writeAll(this.#file, bytes, this.#end.position);
    } catch (error) {
      await this.#file.truncate(this.#end.position); // No half entry in the middle of a log that may yet go on.
      throw error;
    }
    this.#end = { ...this.#end, position: this.#end.position + bytes.length };
  }

  /** The old files go first, which makes room; but the last one stays until the next one tells where it stopped. */
  async #rotate(): Promise<void> {
    const last = this.#end.segment;
    const oldest = last + 2 - this.#limits.maxFiles;
    await removeOutputLog(this.#path, (segment) => segment < oldest && segment !== last);
    const path = outputLogSegment(this.#path, last + 1);
    const file = await open(path, 'w', 0o600);
    const beginning = continuation(this.#state);
    try {
      await writeAll(file, beginning, 0);
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    const old = this.#file;
    this.#file = file;
    this.#end = { segment: last + 1, position: beginning.length };
    await old.close();
    await removeOutputLog(this.#path, (segment) => segment < oldest);
  }
}

/** How far a file got, and whether it begins as it must. */
async function lastState(path: string, segment: number): Promise<{ readonly end: LogPlace; readonly state: LogState; readonly hasBegun: boolean }> {
  const reader = new OutputLogReader(path, { segment, position: fileMagic.length }, { isLast: () => true, withContinuations: true });
  try {
    let state = emptyState;
    let hasBegun = false;
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      state = stateAfter(state, entry, entry.end);
      hasBegun = true;
    }
    return { end: reader.place, state, hasBegun };
  } finally {
    await reader.close();
  }
}

/** At a place of its own: after a write that was done in part the file's is behind the log's end. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}
