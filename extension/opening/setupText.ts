import { stripVTControlCharacters } from 'node:util';

/** An escape sequence (ECMA-48) that has begun and not ended. */
const unfinished = /\u001b(?:\[[0-9;:?<=>!]*|\][^\u0007\u001b]*)?$/;
/** No sequence that means anything is that long. */
const longestSequence = 512;

/**
 * Turns what programs print into plain text, chunk by chunk: without colours and other sequences for terminals, also
 * where two chunks divide one, and with every line, even one that a program would overwrite, on a line of its own.
 */
export class SetupText {
  #rest = '';

  add(chunk: string): string {
    const all = this.#rest + chunk;
    const [open = ''] = unfinished.exec(all) ?? [];
    // A line may end in CR LF, of which there is only the first half yet.
    const kept = open.length > longestSequence ? '' : open || (all.endsWith('\r') ? '\r' : '');
    this.#rest = kept;
    return plain(all.slice(0, all.length - kept.length));
  }

  /** What has been held back. */
  end(): string {
    const rest = this.#rest.startsWith('\u001b') ? '' : this.#rest;
    this.#rest = '';
    return plain(rest);
  }
}

function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\r+\n?/g, '\n');
}
