import type { TerminalSize } from '../protocol/types.ts';

/** The parts of process.stdin that raw mode needs. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/**
 * The user's terminal in raw mode, and back. `restore` may be called at any time and any number of times; the process
 * also restores on its way out, however that comes about (a signal that we cannot catch leaves it as it is: `reset`).
 */
export class RawMode {
  readonly #input: TerminalInput;
  readonly #onExit = (): void => this.restore();
  #active = false;

  constructor(input: TerminalInput) {
    this.#input = input;
  }

  enter(): void {
    if (this.#active || !this.#input.isTTY || this.#input.isRaw) return;
    this.#active = true;
    this.#input.setRawMode?.(true);
    process.on('exit', this.#onExit);
  }

  restore(): void {
    if (!this.#active) return;
    this.#active = false;
    process.off('exit', this.#onExit);
    this.#input.setRawMode?.(false);
  }
}

/** Undefined when the output is no terminal, or one that does not know its size. */
export function terminalSize(output: { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }): TerminalSize | undefined {
  const { isTTY, columns, rows } = output;
  return isTTY && columns && rows ? { columns, rows } : undefined;
}
