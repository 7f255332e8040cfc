import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { isNodeError } from '../protocol/errors.ts';

/*
 * output.log: every byte that a container's first process printed, with its stream, in the order in which it arrived.
 *
 *   file    "BERTHLG1", then entries
 *   entry   +------+---------+--------+--------+-------+-------+------ - -
 *           | kind | 3 bytes | length | offset | time  | crc32 | data
 *           | 1    | zero    | u32    | u64    | u64   | u32   | `length` bytes
 *           +------+---------+--------+--------+-------+-------+------ - -      little-endian
 *
 *   kind 0  the container was started: offsets begin at 0 again; no data
 *        1  stdout      offset: position of data[0] in its stream since the last start
 *        2  stderr      time: milliseconds since 1970          crc32: of the header before it and the data
 *
 * An entry is written by one call. Should the host be killed inside it, the last entry is torn; opening the log for
 * writing cuts it off. The guest keeps what was not acknowledged, so nothing is lost and nothing doubled.
 */
const fileMagic = Buffer.from('BERTHLG1');
const headerLength = 28;
const kinds = ['start', 'stdout', 'stderr'] as const;
/** More than any entry that is written; a greater length is damage. */
const maximumData = 16 * 1024 * 1024;
const readSize = 256 * 1024;

export interface OutputLogEntry {
  readonly kind: (typeof kinds)[number];
  readonly offset: number;
  readonly time: number;
  readonly data: Buffer;
}

/** An entry with the place in the file where the next one begins. */
export interface PlacedEntry extends OutputLogEntry {
  readonly end: number;
}

/** Where each stream stands: the number of bytes that are in the log since the container was last started. */
export interface StreamOffsets {
  readonly stdout: number;
  readonly stderr: number;
}

export const logStart = fileMagic.length;

/** Appends to a log. One writer at a time. */
export class OutputLogWriter {
  readonly #file: FileHandle;
  #end: number;
  #runStart: number;
  #offsets: StreamOffsets;

  private constructor(file: FileHandle, end: number, runStart: number, offsets: StreamOffsets) {
    this.#file = file;
    this.#end = end;
    this.#runStart = runStart;
    this.#offsets = offsets;
  }

  /** Opens or creates the log and cuts off a torn last entry (or everything, when the file is no log at all). */
  static async open(path: string): Promise<OutputLogWriter> {
    let end = logStart;
    let runStart = logStart;
    let offsets: StreamOffsets = { stdout: 0, stderr: 0 };
    for await (const entry of readOutputLog(path)) {
      end = entry.end;
      if (entry.kind === 'start') {
        runStart = end;
        offsets = { stdout: 0, stderr: 0 };
      } else offsets = { ...offsets, [entry.kind]: entry.offset + entry.data.length };
    }
    const file = await open(path, 'a+', 0o600);
    try {
      await file.truncate(end);
      if (end === logStart) {
        await file.truncate(0);
        await file.write(fileMagic);
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    return new OutputLogWriter(file, end, runStart, offsets);
  }

  get offsets(): StreamOffsets {
    return this.#offsets;
  }

  /** Place in the file after the last entry. */
  get end(): number {
    return this.#end;
  }

  /** Place in the file where the output since the last start begins. */
  get runStart(): number {
    return this.#runStart;
  }

  async markStart(): Promise<void> {
    this.#offsets = { stdout: 0, stderr: 0 };
    await this.#write([encodeEntry({ kind: 'start', offset: 0, time: Date.now(), data: Buffer.alloc(0) })]);
    this.#runStart = this.#end;
  }

  /** Resolves when the data is in the operating system's hands, where only the whole machine's end can lose it. */
  async append(pieces: readonly { readonly stream: 'stdout' | 'stderr'; readonly offset: number; readonly data: Uint8Array }[]): Promise<void> {
    const time = Date.now();
    await this.#write(pieces.map(({ stream, offset, data }) => encodeEntry({ kind: stream, offset, time, data: Buffer.from(data.buffer, data.byteOffset, data.length) })));
    for (const { stream, offset, data } of pieces) this.#offsets = { ...this.#offsets, [stream]: offset + data.length };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(entries: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(entries);
    let written = 0;
    try {
      while (written < bytes.length) written += (await this.#file.write(bytes, written)).bytesWritten;
    } catch (error) {
      await this.#file.truncate(this.#end); // No half entry in the middle of a log that may yet go on.
      throw error;
    }
    this.#end += bytes.length;
  }
}

/**
 * Reads a log while it may still grow. {@link next} answers undefined at the end of what there is, also before damage,
 * and can be asked again later. A log that does not exist yet is empty.
 */
export class OutputLogReader {
  readonly #path: string;
  #place: number;
  #file: FileHandle | undefined;
  #buffered: Buffer = Buffer.alloc(0);

  /** @param from the `end` of an entry that was read before, or `logStart`. */
  constructor(path: string, from = logStart) {
    this.#path = path;
    this.#place = from;
  }

  async next(): Promise<PlacedEntry | undefined> {
    this.#file ??= await openIfExists(this.#path);
    for (;;) {
      const entry = decodeEntry(this.#buffered);
      if (entry === 'damaged') return undefined;
      if (entry) {
        const length = headerLength + entry.data.length;
        this.#buffered = this.#buffered.subarray(length);
        this.#place += length;
        return { ...entry, end: this.#place };
      }
      if (!(await this.#readMore())) return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #readMore(): Promise<boolean> {
    if (!this.#file) return false;
    const more = Buffer.allocUnsafe(readSize);
    const { bytesRead } = await this.#file.read(more, 0, readSize, this.#place + this.#buffered.length);
    if (bytesRead > 0) this.#buffered = Buffer.concat([this.#buffered, more.subarray(0, bytesRead)]);
    return bytesRead > 0;
  }
}

/** All whole entries of a log as it is now. */
export async function* readOutputLog(path: string): AsyncGenerator<PlacedEntry> {
  const reader = new OutputLogReader(path);
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

function encodeEntry(entry: OutputLogEntry): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt8(kinds.indexOf(entry.kind), 0);
  header.writeUInt32LE(entry.data.length, 4);
  header.writeBigUInt64LE(BigInt(entry.offset), 8);
  header.writeBigUInt64LE(BigInt(entry.time), 16);
  header.writeUInt32LE(checksum(header, entry.data), 24);
  return Buffer.concat([header, entry.data]);
}

/** Undefined when more bytes are needed. */
function decodeEntry(bytes: Buffer): OutputLogEntry | 'damaged' | undefined {
  if (bytes.length < headerLength) return undefined;
  const kind = kinds[bytes.readUInt8(0)];
  const length = bytes.readUInt32LE(4);
  if (!kind || length > maximumData) return 'damaged';
  if (bytes.length < headerLength + length) return undefined;
  const data = bytes.subarray(headerLength, headerLength + length);
  if (bytes.readUInt32LE(24) !== checksum(bytes, data)) return 'damaged';
  return { kind, offset: Number(bytes.readBigUInt64LE(8)), time: Number(bytes.readBigUInt64LE(16)), data };
}

function checksum(header: Buffer, data: Buffer): number {
  return crc32(data, crc32(header.subarray(0, 24)));
}
