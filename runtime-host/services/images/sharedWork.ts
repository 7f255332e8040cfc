import type { OperationOptions, ProgressReport, ReportProgress } from '../../base/progress.ts';
import { BerthError } from '../../protocol/errors.ts';

interface Work<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  readonly waiting: Set<ReportProgress>;
  lastReport: ProgressReport | undefined;
}

/** Long work that is done once for all who ask for it at the same time. It ends early when all of them have gone. */
export class SharedWork<T> {
  readonly #running = new Map<string, Work<T>>();

  has(key: string): boolean {
    return this.#running.has(key);
  }

  /**
   * Joins the work of this key, or starts it. Rejects as the work does; for a caller that cancels while others wait,
   * with Cancelled at once, and for the last one when the work has come to its end and cleared up.
   */
  async run(key: string, options: OperationOptions, start: (signal: AbortSignal, progress: ReportProgress) => Promise<T>): Promise<T> {
    if (options.signal?.aborted === true) throw cancelled();
    const work = this.#running.get(key) ?? this.#start(key, start);
    return await this.#join(key, work, options);
  }

  #start(key: string, start: (signal: AbortSignal, progress: ReportProgress) => Promise<T>): Work<T> {
    const abort = new AbortController();
    const waiting = new Set<ReportProgress>();
    const report = (progress: ProgressReport): void => {
      work.lastReport = progress;
      for (const listener of waiting) listener(progress);
    };
    const result = Promise.resolve().then(() => start(abort.signal, report));
    const work: Work<T> = { result, abort, waiting, lastReport: undefined };
    this.#running.set(key, work);
    const ended = (): void => {
      if (this.#running.get(key) === work) this.#running.delete(key);
    };
    result.then(ended, ended);
    return work;
  }

  #join(key: string, work: Work<T>, { signal, progress }: OperationOptions): Promise<T> {
    const listener: ReportProgress = (report) => progress?.(report);
    work.waiting.add(listener);
    if (work.lastReport !== undefined) listener(work.lastReport);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        work.waiting.delete(listener);
        signal?.removeEventListener('abort', cancel);
      };
      const cancel = (): void => {
        leave();
        if (work.waiting.size > 0) {
          reject(cancelled());
          return;
        }
        // Whoever asks from now on starts anew.
        if (this.#running.get(key) === work) this.#running.delete(key);
        work.abort.abort(cancelled());
      };
      signal?.addEventListener('abort', cancel, { once: true });
      work.result.then(resolve, reject).finally(leave);
    });
  }
}

function cancelled(): BerthError {
  return new BerthError('Cancelled', 'The operation was cancelled.');
}
