import { readdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { isNodeError } from '../protocol/errors.ts';
import { outputLogSegment } from '../protocol/paths.ts';

/*
 * output.log, output.log.1, output.log.2, …: what a container's first process printed, with its stream, in the order in
 * which it arrived. The one with the highest number is written; when it has reached the limit the next one begins, and the
 * oldest are removed. The first has no number, and is the only one of a log of an earlier Berth.
 *
 *   file    "BERTHLG1", then entries; with a number, the first of them is of kind 3
 *   entry   +------+---------+--------+--------+-------+-------+------ - -
 *           | kind | 3 bytes | length | offset | time  | crc32 | data
 *           | 1    | zero    | u32    | u64    | u64   | u32   | `length` bytes
 *           +------+---------+--------+--------+-------+-------+------ - -      little-endian
 *
 *   kind 0  the container was started: offsets begin at 0 again; no data
 *        1  stdout      offset: position of data[0] in its stream since the last start
 *        2  stderr      time: milliseconds since 1970          crc32: of the header before it and the data
 *        3  where the last file stopped      offset: of stdout
 *           data: offset of stderr u64, place where the last start's output begins: file number u32, position in it u64
 *
 * An entry is written by one call. Should the host be killed inside it, the last entry is torn; opening the log for
 * writing cuts it off, and removes a file whose first entry is torn. The guest keeps what was not acknowledged, so nothing
 * is lost and nothing doubled.
 */
export const fileMagic = Buffer.from('BERTHLG1');
export const headerLength = 28;
const kinds = ['start', 'stdout', 'stderr', 'continue'] as const;
/** More than any entry that is written; a greater length is damage. */
const maximumData = 16 * 1024 * 1024;
const continuationLength = 20;

export interface OutputLogEntry {
  readonly kind: (typeof kinds)[number];
  readonly offset: number;
  readonly time: number;
  readonly data: Buffer;
}

/** A place in a log: between two entries. */
export interface LogPlace {
  /** Number of the file. */
  readonly segment: number;
  readonly position: number;
}

/** Where each stream stands: the number of bytes that were written to the log since the container was last started. */
export interface StreamOffsets {
  readonly stdout: number;
  readonly stderr: number;
}

/** What the writer knows at some place. */
export interface LogState {
  readonly offsets: StreamOffsets;
  readonly runStart: LogPlace;
}

export const logStart: LogPlace = { segment: 0, position: fileMagic.length };

/** Numbers of the files of a log, oldest first. */
export async function segmentsOf(path: string): Promise<number[]> {
  const first = basename(path);
  const numbers = (await namesIn(dirname(path))).flatMap((name) => {
    if (name === first) return [0];
    const number = name.startsWith(`${first}.`) ? name.slice(first.length + 1) : '';
    return /^[1-9]\d{0,14}$/.test(number) ? [Number(number)] : [];
  });
  return numbers.sort((one, other) => one - other);
}

/** Removes a log, or those of its files that `which` names. */
export async function removeOutputLog(path: string, which: (segment: number) => boolean = () => true): Promise<void> {
  for (const segment of await segmentsOf(path)) if (which(segment)) await rm(outputLogSegment(path, segment), { force: true });
}

export function encodeEntry(entry: OutputLogEntry): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt8(kinds.indexOf(entry.kind), 0);
  header.writeUInt32LE(entry.data.length, 4);
  header.writeBigUInt64LE(BigInt(entry.offset), 8);
  header.writeBigUInt64LE(BigInt(entry.time), 16);
  header.writeUInt32LE(checksum(header, entry.data), 24);
  return Buffer.concat([header, entry.data]);
}

/** Undefined when more bytes are needed. */
export function decodeEntry(bytes: Buffer): OutputLogEntry | 'damaged' | undefined {
  if (bytes.length < headerLength) return undefined;
  const kind = kinds[bytes.readUInt8(0)];
  const length = bytes.readUInt32LE(4);
  if (!kind || length > maximumData || (kind === 'continue' && length !== continuationLength)) return 'damaged';
  if (bytes.length < headerLength + length) return undefined;
  const data = bytes.subarray(headerLength, headerLength + length);
  if (bytes.readUInt32LE(24) !== checksum(bytes, data)) return 'damaged';
  return { kind, offset: Number(bytes.readBigUInt64LE(8)), time: Number(bytes.readBigUInt64LE(16)), data };
}

/** What a file with a number begins with. */
export function continuation({ offsets, runStart }: LogState): Buffer {
  const data = Buffer.alloc(continuationLength);
  data.writeBigUInt64LE(BigInt(offsets.stderr), 0);
  data.writeUInt32LE(runStart.segment, 8);
  data.writeBigUInt64LE(BigInt(runStart.position), 12);
  return Buffer.concat([fileMagic, encodeEntry({ kind: 'continue', offset: offsets.stdout, time: Date.now(), data })]);
}

/** What the writer knows behind an entry that is at this place. */
export function stateAfter(state: LogState, { kind, offset, data }: OutputLogEntry, end: LogPlace): LogState {
  switch (kind) {
    case 'start':
      return { offsets: { stdout: 0, stderr: 0 }, runStart: end };
    case 'continue':
      return {
        offsets: { stdout: offset, stderr: Number(data.readBigUInt64LE(0)) },
        runStart: { segment: data.readUInt32LE(8), position: Number(data.readBigUInt64LE(12)) },
      };
    default:
      return { ...state, offsets: { ...state.offsets, [kind]: offset + data.length } };
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

function checksum(header: Buffer, data: Buffer): number {
  return crc32(data, crc32(header.subarray(0, 24)));
}
