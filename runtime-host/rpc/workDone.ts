import type { ProgressReport } from '../base/progress.ts';
import type { WorkDoneProgress } from '../protocol/methods.ts';

/**
 * One LSP work-done progress: `begin`, then reports at most every `intervalMilliseconds` (the newest wins), then `end`.
 * Percentages never go backwards, as LSP demands.
 */
export class WorkDone {
  readonly #send: (value: WorkDoneProgress) => void;
  readonly #intervalMilliseconds: number;
  #pending: ProgressReport | undefined;
  #timer: NodeJS.Timeout | undefined;
  #percentage = 0;
  #ended = false;

  constructor(title: string, send: (value: WorkDoneProgress) => void, intervalMilliseconds = 100) {
    this.#send = send;
    this.#intervalMilliseconds = intervalMilliseconds;
    send({ kind: 'begin', title, cancellable: true, percentage: 0 });
  }

  report(report: ProgressReport): void {
    if (this.#ended) return;
    this.#pending = report;
    if (this.#timer) return;
    this.#flush();
    this.#timer = setTimeout(() => this.#tick(), this.#intervalMilliseconds);
  }

  /** Sends what was held back, then `end`; later calls do nothing. */
  end(message?: string): void {
    if (this.#ended) return;
    this.#flush();
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#send(message === undefined ? { kind: 'end' } : { kind: 'end', message });
  }

  #tick(): void {
    this.#timer = undefined;
    if (!this.#pending) return;
    this.#flush();
    this.#timer = setTimeout(() => this.#tick(), this.#intervalMilliseconds);
  }

  #flush(): void {
    const report = this.#pending;
    if (!report) return;
    this.#pending = undefined;
    if (report.fraction !== undefined) this.#percentage = Math.max(this.#percentage, Math.min(100, Math.floor(report.fraction * 100)));
    this.#send({ kind: 'report', message: report.message, percentage: this.#percentage });
  }
}
