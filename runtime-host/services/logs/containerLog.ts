import { defaultLogLimits, logStart, OutputLogReader, OutputLogWriter, removeOutputLog, type LogLimits, type LogPlace, type PlacedEntry, type StreamOffsets } from '../../store/outputLog.ts';
import { segmentsOf } from '../../store/outputLogFormat.ts';

interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface EntriesOptions {
  readonly from?: LogPlace;
  readonly follow?: boolean;
  /** Nothing that this reader has not read yet is removed while the container runs: rather, its process waits. */
  readonly misses?: 'nothing' | 'what is removed';
  readonly signal?: AbortSignal;
}

const newline = 0x0a;

/**
 * The output of a container's first process: one writer while the container runs, any number of readers, each at its
 * own pace. Readers read the files, so a slow one costs nothing.
 */
export class ContainerLog {
  readonly path: string;
  readonly #limits: LogLimits;
  #writer: OutputLogWriter | undefined;
  /** Of the last run, once it has ended. */
  #last = { end: logStart, runStart: logStart };
  #change = Promise.withResolvers<void>();
  readonly #readers = new Set<OutputLogReader>();
  /** Where those are that nothing is removed before. */
  readonly #careful = new Set<{ readonly place: LogPlace }>();
  #hurried = false;

  constructor(path: string, limits: LogLimits = defaultLogLimits) {
    this.path = path;
    this.#limits = limits;
  }

  /** Opens it for writing, where the last run's output ends, or at the beginning of a new run. */
  async open(run: 'new' | 'same'): Promise<void> {
    const writer = await OutputLogWriter.open(this.path, this.#limits);
    try {
      if (run === 'new') await writer.markStart();
    } catch (error) {
      await writer.close();
      throw error;
    }
    this.#hurried = false;
    this.#writer = writer;
  }

  get offsets(): StreamOffsets {
    return this.#writer?.offsets ?? { stdout: 0, stderr: 0 };
  }

  /** Where what is written next will begin. */
  get end(): LogPlace {
    return (this.#writer ?? this.#last).end;
  }

  /** Where this run's output began. */
  get runStart(): LogPlace {
    return (this.#writer ?? this.#last).runStart;
  }

  /** Resolves when the piece is stored. */
  async append(piece: Piece): Promise<void> {
    while (this.#wouldBeMissed()) await this.#change.promise;
    await this.#writer?.append([piece]);
    this.#notify();
  }

  /**
   * Keeps what the next run prints for a reader that can begin only when the run has begun; until it is called back, which
   * may be as soon as that reader reads.
   */
  keepNextRun(): () => void {
    const runStart = (): LogPlace => this.runStart;
    const kept = { get place(): LogPlace { return runStart(); } };
    this.#careful.add(kept);
    return () => {
      this.#careful.delete(kept);
      this.#notify();
    };
  }

  /** From now on nothing waits for a reader: the container is to end. */
  hurry(): void {
    this.#hurried = true;
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

  /** To be called before it is removed: those who read it still get to its end. */
  async hold(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.hold()));
  }

  /** Removes it; nobody writes. */
  async remove(): Promise<void> {
    await removeOutputLog(this.path);
  }

  /**
   * Entries from a place on, as far as there are any now; with `follow`, also those that are still to come while the
   * container runs.
   * Ends early, without an error, when the signal fires.
   */
  async *entries(options: EntriesOptions = {}): AsyncGenerator<PlacedEntry> {
    const reader = new OutputLogReader(this.path, options.from, { isLast: (segment) => segment === this.#writer?.end.segment });
    const stopped = abortOf(options.signal);
    // Else a writer that is faster than the reader would keep it reading for ever.
    const stop = options.follow ? undefined : this.#writer?.end;
    this.#readers.add(reader);
    if (options.misses === 'nothing') this.#careful.add(reader);
    try {
      for (;;) {
        const change = this.#change.promise;
        const running = this.#writer !== undefined;
        for (let entry = await reader.next(); entry; entry = await reader.next()) {
          if (this.#careful.has(reader)) this.#notify();
          if (options.signal?.aborted || (stop && isBehind(entry.end, stop))) return;
          if (entry.kind !== 'start') yield entry;
        }
        if (!options.follow || !running || options.signal?.aborted) return;
        await Promise.race([change, stopped]);
      }
    } finally {
      if (this.#careful.delete(reader)) this.#notify();
      this.#readers.delete(reader);
      await reader.close();
    }
  }

  /** Where to begin, and how many lines to skip there, so that the last `count` remain; an unfinished one counts. */
  async tail(count: number): Promise<{ readonly from: LogPlace; readonly skip: number }> {
    let lines = 0;
    let isNewest = true;
    for (const segment of (await segmentsOf(this.path)).reverse()) {
      const from = { segment, position: logStart.position };
      const { ends, isEmpty, isUnfinished } = await this.#linesOf(from);
      lines += ends + (isNewest && isUnfinished ? 1 : 0);
      if (!isEmpty) isNewest = false;
      if (lines > count) return { from, skip: lines - count };
    }
    return { from: logStart, skip: 0 };
  }

  async #linesOf(from: LogPlace): Promise<{ readonly ends: number; readonly isEmpty: boolean; readonly isUnfinished: boolean }> {
    const reader = new OutputLogReader(this.path, from, { isLast: () => true });
    let ends = 0;
    let last: number | undefined;
    try {
      for (let entry = await reader.next(); entry; entry = await reader.next()) {
        const { data } = entry;
        for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, at + 1)) ends++;
        last = data.at(-1) ?? last;
      }
    } finally {
      await reader.close();
    }
    // It may have been removed meanwhile; what was read instead is another one's.
    if (reader.place.segment !== from.segment) return { ends: 0, isEmpty: true, isUnfinished: false };
    return { ends, isEmpty: last === undefined, isUnfinished: last !== undefined && last !== newline };
  }

  #wouldBeMissed(): boolean {
    if (!this.#writer || this.#hurried) return false;
    const { nextRemoved, end } = this.#writer;
    return [...this.#careful].some(({ place }) => place.segment <= nextRemoved && (place.segment !== end.segment || place.position !== end.position));
  }

  #notify(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers<void>();
    resolve();
  }
}

function isBehind(place: LogPlace, other: LogPlace): boolean {
  return place.segment > other.segment || (place.segment === other.segment && place.position > other.position);
}

function abortOf(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
