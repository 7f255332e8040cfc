import { spawnSync } from 'node:child_process';
import type { TerminalSize } from '../protocol/types.ts';

/** The parts of process.stdin that raw mode needs. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/**
 * The user's terminal in raw mode, and back. `restore` may be called at any time and any number of times; the process
 * also restores on its way out, however that comes about (SIGKILL leaves it as it is; `reset` helps).
 */
export class RawMode {
  readonly #input: TerminalInput;
  readonly #onExit = (): void => this.restore();
  readonly #passOutput: () => void;
  #active = false;

  constructor(input: TerminalInput, passOutput = stopOutputProcessing) {
    this.#input = input;
    this.#passOutput = passOutput;
  }

  enter(): void {
    if (this.#active || !this.#input.isTTY || this.#input.isRaw) return;
    this.#active = true;
    this.#input.setRawMode?.(true);
    this.#passOutput();
    process.on('exit', this.#onExit);
  }

  restore(): void {
    if (!this.#active) return;
    this.#active = false;
    process.off('exit', this.#onExit);
    this.#input.setRawMode?.(false);
  }
}

/**
 * Node's raw mode still makes CR LF of each LF, which the terminal in the container has done where it should be done:
 * full-screen programs, for which LF means "down", would be garbled. Node has no call for it; leaving raw mode undoes it.
 */
function stopOutputProcessing(): void {
  // Where there is no `stty` (Windows) there is no such processing either.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** Undefined when the output is no terminal, or one that does not know its size. */
export function terminalSize(output: { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }): TerminalSize | undefined {
  const { isTTY, columns, rows } = output;
  return isTTY && columns && rows ? { columns, rows } : undefined;
}
