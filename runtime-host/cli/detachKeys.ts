const ctrlP = 0x10;
const ctrlQ = 0x11;

/**
 * Watches typed bytes for Ctrl-P Ctrl-Q. A Ctrl-P is held back until the next byte tells what it was.
 */
export class DetachKeys {
  #held = false;

  /** What goes on to the process, and whether the user wants to leave (what follows the keys is dropped). */
  filter(typed: Uint8Array): { readonly data: Buffer; readonly detach: boolean } {
    const data: number[] = [];
    for (const byte of typed) {
      if (this.#held && byte === ctrlQ) return { data: Buffer.from(data), detach: true };
      if (this.#held) data.push(ctrlP);
      this.#held = byte === ctrlP;
      if (!this.#held) data.push(byte);
    }
    return { data: Buffer.from(data), detach: false };
  }
}
