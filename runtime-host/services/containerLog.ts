import { logStart, OutputLogReader, OutputLogWriter, readOutputLog, type PlacedEntry, type StreamOffsets } from '../store/outputLog.ts';

interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly offset: number;
  readonly data: Uint8Array;
}

/**
 * The output of a container's first process: one writer while the container runs, any number of readers, each at its
 * own pace. Readers read the file, so a slow one costs nothing and misses nothing.
 */
export class ContainerLog {
  readonly path: string;
  #writer: OutputLogWriter | undefined;
  /** Of the last run, once it has ended. */
  #last = { end: logStart, runStart: logStart };
  #change = Promise.withResolvers<void>();

  constructor(path: string) {
    this.path = path;
  }

  /** Opens it for writing, where the last run's output ends, or at the beginning of a new run. */
  async open(run: 'new' | 'same'): Promise<void> {
    const writer = await OutputLogWriter.open(this.path);
    try {
      if (run === 'new') await writer.markStart();
    } catch (error) {
      await writer.close();
      throw error;
    }
    this.#writer = writer;
  }

  get offsets(): StreamOffsets {
    return this.#writer?.offsets ?? { stdout: 0, stderr: 0 };
  }

  /** Where what is written next will begin. */
  get end(): number {
    return (this.#writer ?? this.#last).end;
  }

  /** Where this run's output began. */
  get runStart(): number {
    return (this.#writer ?? this.#last).runStart;
  }

  /** Resolves when the piece is stored. */
  async append(piece: Piece): Promise<void> {
    await this.#writer?.append([piece]);
    this.#notify();
  }

  /** Nothing more comes in this run: those who follow it get to their end. */
  async close(): Promise<void> {
    const writer = this.#writer;
    if (writer) this.#last = { end: writer.end, runStart: writer.runStart };
    this.#writer = undefined;
    await writer?.close();
    this.#notify();
  }

  /**
   * Entries from a place on; with `follow`, also those that are still to come while the container runs.
   * Ends early, without an error, when the signal fires.
   */
  async *entries(options: { readonly from?: number; readonly follow?: boolean; readonly signal?: AbortSignal } = {}): AsyncGenerator<PlacedEntry> {
    const reader = new OutputLogReader(this.path, options.from);
    const stopped = abortOf(options.signal);
    try {
      for (;;) {
        const change = this.#change.promise;
        const running = this.#writer !== undefined;
        for (let entry = await reader.next(); entry; entry = await reader.next()) {
          if (options.signal?.aborted) return;
          if (entry.kind !== 'start') yield entry;
        }
        if (!options.follow || !running || options.signal?.aborted) return;
        await Promise.race([change, stopped]);
      }
    } finally {
      await reader.close();
    }
  }

  /** How many lines to skip so that the last `tail` remain; a last line without an end counts as one. */
  async linesBefore(tail: number): Promise<number> {
    let lines = 0;
    let open = false;
    for await (const { data } of readOutputLog(this.path)) {
      for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, at + 1)) lines++;
      if (data.length > 0) open = data[data.length - 1] !== newline;
    }
    return Math.max(0, lines + (open ? 1 : 0) - tail);
  }

  #notify(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers<void>();
    resolve();
  }
}

const newline = 0x0a;

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

function abortOf(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
