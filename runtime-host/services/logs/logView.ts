import type { PlacedEntry } from '../../store/outputLog.ts';
import type { ContainerLog } from './containerLog.ts';
import type { LogEntry, LogViewOptions } from '../interfaces.ts';

const newline = 0x0a;
/** More than a timer takes: by then somebody has asked again. */
const longestTimer = 2 ** 31 - 1;

/** A container's log as somebody wants to see it. */
export async function* viewLog(output: ContainerLog, options: LogViewOptions = {}): AsyncGenerator<LogEntry> {
  const { follow, tail, since = -Infinity, until = Infinity, timestamps } = options;
  const signal = follow && until !== Infinity ? endingAt(until, options.signal) : options.signal;
  const { from, skip } = tail === undefined ? { from: undefined, skip: 0 } : await output.tail(tail);
  const lines = { stdout: new LineFilter(), stderr: new LineFilter() };
  let toSkip = skip;
  for await (const entry of output.entries({ ...(from && { from }), ...(follow && { follow }), ...(signal && { signal }) })) {
    if (entry.time > until) return;
    // All that is to be skipped is in the file to begin with, which may have been removed meanwhile.
    if (entry.end.segment !== from?.segment) toSkip = 0;
    const { rest, toSkip: left } = skipLines(entry.data, toSkip);
    toSkip = left;
    const stream = entry.kind === 'stderr' ? 'stderr' : 'stdout';
    const shown = lines[stream].filter(rest, entry.time >= since, timestamps ? timeOf(entry) : undefined);
    if (shown.length > 0) yield { stream, data: shown };
  }
}

/** What is left of the data after so many ends of lines, and how many are still to be skipped. */
export function skipLines(data: Buffer, lines: number): { readonly rest: Buffer; readonly toSkip: number } {
  let at = 0;
  let toSkip = lines;
  while (toSkip > 0) {
    const found = data.indexOf(newline, at);
    if (found < 0) return { rest: data.subarray(data.length), toSkip };
    at = found + 1;
    toSkip--;
  }
  return { rest: data.subarray(at), toSkip };
}

/** Lines of one stream: a line that began before it was of interest is not shown in part. */
class LineFilter {
  #isInLine = false;
  #isHidden = false;

  /** @param time to be put before each line */
  filter(data: Buffer, isWanted: boolean, time: Buffer | undefined): Buffer {
    if (data.length === 0) return data;
    let rest = data;
    if (!isWanted || (this.#isInLine && this.#isHidden)) {
      const end = isWanted ? data.indexOf(newline) + 1 : data.length;
      rest = end === 0 ? data.subarray(data.length) : data.subarray(end);
      this.#isHidden = rest.length === 0;
      this.#isInLine = rest.length === 0 && data.at(-1) !== newline;
      if (rest.length === 0) return rest;
    }
    const shown = time ? this.#stamp(rest, time) : rest;
    this.#isInLine = rest.at(-1) !== newline;
    this.#isHidden = false;
    return shown;
  }

  #stamp(data: Buffer, time: Buffer): Buffer {
    const pieces: Buffer[] = [];
    let begin = 0;
    for (let isInLine = this.#isInLine; begin < data.length; isInLine = false) {
      const end = data.indexOf(newline, begin) + 1 || data.length;
      if (!isInLine) pieces.push(time);
      pieces.push(data.subarray(begin, end));
      begin = end;
    }
    return Buffer.concat(pieces);
  }
}

/** As docker writes it: RFC 3339 with nine digits. */
function timeOf({ time }: PlacedEntry): Buffer {
  return Buffer.from(`${new Date(time).toISOString().slice(0, -1)}000000Z `);
}

function endingAt(until: number, signal: AbortSignal | undefined): AbortSignal {
  const end = AbortSignal.timeout(Math.min(longestTimer, Math.max(0, until - Date.now())));
  return signal ? AbortSignal.any([signal, end]) : end;
}
