/** One thing that a person does at a shell's prompt, and what comes of it. */
export interface CliCase {
  /** What docker does here, in a line. */
  readonly docker: string;
  /**
   * A script for `sh`. `container` is the command under test; `$IMAGE` and the other variables of world.ts are there; `$N`
   * is a name that no other case uses (what is called so is removed afterwards); the working directory is the case's own.
   */
  readonly sh: string;
  /** The script has a terminal of 100 × 30 characters, and these things happen there one after the other. */
  readonly terminal?: readonly Happening[];
  /** Standard output: the whole text, or what it matches. On a terminal everything is there. */
  readonly out?: string | RegExp;
  /** Standard error; default: empty. */
  readonly error?: string | RegExp;
  /** Exit status of the script; default 0. */
  readonly status?: number;
  /** Why we do something else than docker, on purpose; then the expectation is ours. */
  readonly differs?: string;
}

/** Waits until the terminal shows something new, or types, or changes the window's size. */
export type Happening = { readonly shows: RegExp } | { readonly types: string } | { readonly resizes: readonly [columns: number, rows: number] };

export interface CaseArea {
  readonly area: string;
  readonly cases: readonly CliCase[];
}

export const shows = (pattern: RegExp): Happening => ({ shows: pattern });
export const types = (text: string): Happening => ({ types: text });
export const resizes = (columns: number, rows: number): Happening => ({ resizes: [columns, rows] });
