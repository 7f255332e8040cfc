import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isNodeError } from '../protocol/errors.ts';
import { parseHostLog, splitLastEvent, type HostLogEvent } from './hostLogEvents.ts';

/** The host writes an event at once; a reader may still see it in parts. By then all of it is there. */
export const settleMilliseconds = 50;

/** A file of the log that is open, also when it has another name by now. */
interface LogFile {
  readonly handle: FileHandle;
  readonly inode: number;
}

/**
 * Reads the runtime host's log (hostLog.ts writes it) while it grows and is rotated: `<path>.1` and `<path>` as they are,
 * then what comes. Only who looks so seldom that a whole file came and went in between misses anything.
 */
export class HostLogReader {
  readonly #path: string;
  #file: LogFile | undefined;
  /** In that file, behind what was taken from it. */
  #place = 0;
  /** The last event that was read, of which more lines may be on their way. */
  #heldBack = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether there is an event that a call of {@link read} a little later answers. */
  get isHoldingBack(): boolean {
    return this.#heldBack !== '';
  }

  /** What has come since the last call; the last event only when nothing has come behind it. */
  async read(): Promise<readonly HostLogEvent[]> {
    let text = this.#file ? await this.#drain() : await this.#change();
    for (let file = this.#file; file && (await inodeOf(this.#path)) !== file.inode; file = this.#file) {
      text += await this.#drain(); // What came just before it was renamed.
      text += await this.#change();
      if (this.#file === file) break;
    }
    const { whole, last } = splitLastEvent(this.#heldBack + text);
    this.#heldBack = text === '' ? '' : last;
    return parseHostLog(text === '' ? last : whole);
  }

  /** What there is now, the last event included. */
  async readAll(): Promise<readonly HostLogEvent[]> {
    const events = [...(await this.read())];
    if (this.isHoldingBack) await delay(settleMilliseconds);
    events.push(...(await this.read()));
    return events;
  }

  async close(): Promise<void> {
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  /** To the current file, if there is one already; returns what is in it, and in the one between, if one came and went. */
  async #change(): Promise<string> {
    for (;;) {
      const current = await openFile(this.#path);
      const before = await openFile(`${this.#path}.1`);
      if (before && before.inode === current?.inode) { // It was renamed meanwhile.
        await Promise.all([before.handle.close(), current.handle.close()]);
        continue;
      }
      if (!current && !this.#file) return this.#take(before); // The host was ended between the rename and the new file.
      const isNew = before?.inode !== this.#file?.inode;
      const between = before && current && isNew ? await before.handle.readFile('utf8') : '';
      await before?.handle.close();
      return current ? between + (await this.#take(current)) : '';
    }
  }

  async #take(file: LogFile | undefined): Promise<string> {
    await this.#file?.handle.close();
    this.#file = file;
    this.#place = 0;
    return this.#drain();
  }

  /** What has come to our file, as far as its lines are whole. */
  async #drain(): Promise<string> {
    if (!this.#file) return '';
    const { handle } = this.#file;
    const { size } = await handle.stat();
    if (size < this.#place) this.#place = 0; // Somebody has emptied it.
    const length = size - this.#place;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.#place);
    const whole = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    this.#place += whole;
    return buffer.toString('utf8', 0, whole);
  }
}

async function openFile(path: string): Promise<LogFile | undefined> {
  const handle = await orUndefined(open(path));
  try {
    return handle && { handle, inode: (await handle.stat()).ino };
  } catch (error) {
    await handle?.close();
    throw error;
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await orUndefined(stat(path)))?.ino;
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
