/** A directory under the name that it has on one side, and under that which it has on the other. */
export interface PathPair {
  readonly from: string;
  readonly to: string;
}

/** Before a path there is none of these, unless they end an escape sequence (a colour) or are those of a file URI. */
const beginsHere = String.raw`(?:(?<=\x1b\[[\d;:?]*[A-Za-z])|(?<=file:\/\/[\w.-]*)|(?<![\p{L}\p{N}_.~+@%/-]))`;
/** After the directory's name the path goes on with a slash, or it ends. */
const endsHere = String.raw`(?!\.?[\p{L}\p{N}_~+@%-])`;
/** As much of what has gone before as the look behind may want. */
const contextLength = 80;

/**
 * Replaces the beginnings of absolute paths in text that comes in pieces, such as a process's output. Only whole names of
 * directories count, in plain text, between escape sequences, and in file URIs.
 */
export class PathRewriter {
  readonly #targets: ReadonlyMap<string, string>;
  readonly #pattern: RegExp | undefined;
  readonly #longest: number;
  #context = '';
  #held = '';

  /** Of several pairs that apply the longest `from` wins; one whose `to` is its `from` stays as it is. */
  constructor(pairs: readonly PathPair[]) {
    const targets = new Map<string, string>();
    for (const { from, to } of pairs) {
      if (from === '/' || from === '') continue; // It would be the beginning of everything.
      targets.set(encodeURI(from), encodeURI(to));
      targets.set(from, to);
    }
    this.#targets = targets;
    const names = [...targets.keys()].sort((a, b) => b.length - a.length);
    this.#longest = names[0]?.length ?? 0;
    const changes = [...targets].some(([from, to]) => from !== to);
    this.#pattern = changes ? new RegExp(`${beginsHere}(?:${names.map(escaped).join('|')})${endsHere}`, 'gu') : undefined;
  }

  /** What can be passed on now: the end of the text is held back while it may be the beginning of such a path. */
  write(text: string): string {
    if (!this.#pattern) return text;
    const fresh = this.#held + text;
    const keep = this.#beginningAtEnd(fresh);
    this.#held = fresh.slice(keep);
    return this.#replace(fresh.slice(0, keep), this.#held);
  }

  /** Whether something is held back. */
  get pending(): boolean {
    return this.#held !== '';
  }

  /** What was held back: because nothing follows, or because nobody waits longer for it. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return this.#pattern ? this.#replace(rest, '') : rest;
  }

  #replace(text: string, following: string): string {
    const { length } = this.#context;
    const all = this.#context + text;
    let done = '';
    let from = length;
    // What is held back is looked at as what follows, and never holds the beginning of a match: that would be text.
    for (const match of (all + following).matchAll(this.#pattern ?? /(?!)/g)) {
      if (match.index < length) continue;
      if (match.index >= all.length) break;
      done += all.slice(from, match.index) + (this.#targets.get(match[0]) ?? match[0]);
      from = match.index + match[0].length;
    }
    this.#context = all.slice(-contextLength);
    return done + all.slice(from);
  }

  /** Where at the end something begins that more text could make a path of ours, or could take for another name. */
  #beginningAtEnd(text: string): number {
    for (let index = Math.max(0, text.length - this.#longest - 1); index < text.length; index++) {
      if (text[index] !== '/') continue;
      const rest = text.slice(index);
      const whole = rest.endsWith('.') ? rest.slice(0, -1) : rest;
      for (const name of this.#targets.keys()) if (name.startsWith(rest) || name === whole) return index;
    }
    return text.length;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** The same for a text that is whole. */
export function rewritePaths(text: string, pairs: readonly PathPair[]): string {
  const rewriter = new PathRewriter(pairs);
  return rewriter.write(text) + rewriter.flush();
}
