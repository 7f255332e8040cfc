import { InvalidArgumentError } from 'commander';

const ctrlP = 0x10;
const ctrlQ = 0x11;
const defaultSequence = [ctrlP, ctrlQ];

/** Watches typed bytes for the keys that leave a process: Ctrl-P Ctrl-Q, unless others were chosen. */
export class DetachKeys {
  readonly #sequence: readonly number[];
  /** How many of the keys have been typed; they are held back until the next byte tells what they were. */
  #held = 0;

  constructor(sequence: readonly number[] = defaultSequence) {
    this.#sequence = sequence;
  }

  /** What goes on to the process, and whether the user wants to leave (what follows the keys is dropped). */
  filter(typed: Uint8Array): { readonly data: Buffer; readonly detach: boolean } {
    const data: number[] = [];
    for (const byte of typed) {
      this.#release(byte, data);
      if (this.#sequence[this.#held] !== byte) data.push(byte);
      else if (++this.#held === this.#sequence.length) return { data: Buffer.from(data), detach: true };
    }
    return { data: Buffer.from(data), detach: false };
  }

  /** Lets the keys go that with this byte cannot be the beginning of the sequence any more. */
  #release(byte: number, data: number[]): void {
    const typed = [...this.#sequence.slice(0, this.#held), byte];
    while (this.#held > 0 && !typed.every((key, index) => key === this.#sequence[index])) {
      data.push(typed.shift() ?? 0);
      this.#held -= 1;
    }
  }
}

/**
 * Keys as docker writes them: letters, digits and other single characters, or `ctrl-` with a letter or one of `@[\]^_`,
 * separated by commas. An empty text means that no keys leave.
 */
export function parseDetachKeys(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map(keyCode);
}

function keyCode(key: string): number {
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) - '@'.charCodeAt(0);
  if (/^[!-~]$/.test(key)) return key.charCodeAt(0);
  throw new InvalidArgumentError('Write keys separated by commas, such as “ctrl-p,ctrl-q” or “ctrl-a,d”.');
}
