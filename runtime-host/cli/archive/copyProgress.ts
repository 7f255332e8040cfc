import { formatSize } from '../output.ts';
import { ProgressLine } from '../progressLine.ts';

const showEveryMilliseconds = 200;

/** Tells how much was copied, as docker does: only to somebody at a terminal who has not asked for quiet. */
export class CopyProgress {
  readonly #line: ProgressLine | undefined;
  readonly #what: string;
  #bytes = 0;
  #shown = 0;

  constructor(what: string, quiet: boolean) {
    this.#what = what;
    this.#line = quiet || !process.stdout.isTTY ? undefined : new ProgressLine(process.stderr);
  }

  readonly add = (bytes: number): void => {
    this.#bytes += bytes;
    const now = performance.now();
    if (!this.#line || !process.stderr.isTTY || now - this.#shown < showEveryMilliseconds) return;
    this.#shown = now;
    this.#line.show({ kind: 'report', message: `${this.#what}: ${formatSize(this.#bytes)}` });
  };

  clear(): void {
    this.#line?.clear();
  }

  done(destination: string): void {
    this.clear();
    if (this.#line) process.stderr.write(`Successfully copied ${formatSize(this.#bytes)} to ${destination}\n`);
  }
}
