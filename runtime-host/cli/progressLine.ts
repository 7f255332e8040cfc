import type { WorkDoneProgress } from '../protocol/methods.ts';

/** Where progress goes: the terminal's error stream, or a file or pipe. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Shows work-done progress on standard error: on a terminal one line that is rewritten and wiped at the end, elsewhere
 * a plain line whenever a new kind of step begins.
 */
export class ProgressLine {
  readonly #output: ProgressOutput;
  #title = '';
  #shown = false;
  #lastStep = '';

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  /** For the `progress` option of a request. */
  readonly show = (progress: WorkDoneProgress): void => {
    if (progress.kind === 'begin') this.#title = progress.title;
    if (progress.kind === 'end') return this.clear();
    const message = progress.message ?? this.#title;
    if (this.#output.isTTY) this.#rewrite(message, progress.percentage);
    else this.#line(message);
  };

  /** Wipes the line, before anything else is written. */
  clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#output.write('\r\u001b[K');
  }

  #rewrite(message: string, percentage: number | undefined): void {
    const text = percentage ? `${message} ${percentage}%` : message;
    this.#shown = true;
    this.#output.write(`\r${text.slice(0, (this.#output.columns ?? 80) - 1)}\u001b[K`);
  }

  /** Steps that differ only in their numbers are one step. */
  #line(message: string): void {
    const step = message.replaceAll(/\d+([.,]\d+)?/g, '#');
    if (step === this.#lastStep) return;
    this.#lastStep = step;
    this.#output.write(`${message}\n`);
  }
}
