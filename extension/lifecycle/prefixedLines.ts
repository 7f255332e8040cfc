/** Passes text on by whole lines, each after the name of who has printed it; for several that print at the same time. */
export class PrefixedLines {
  readonly #prefix: string;
  readonly #write: (text: string) => void;
  #rest = '';

  constructor(name: string, write: (text: string) => void) {
    this.#prefix = `${name} | `;
    this.#write = write;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (lines.length > 0) this.#write(lines.map((line) => `${this.#prefix}${line}\n`).join(''));
  }

  /** Also what has no end of line. */
  end(): void {
    if (this.#rest !== '') this.add('\n');
  }
}
