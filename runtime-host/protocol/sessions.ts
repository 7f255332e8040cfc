/*
 * A session is a process with a terminal that belongs to its container and not to whoever started it: it goes on when no
 * client is left, keeps the last of what it printed, and shows that to those who come later. It ends with its process, by
 * `session/end`, when nobody has come for too long, or with the container's run.
 */

/** Names a session to its clients, who choose it. */
export const sessionIdPattern = /^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/;

/** How long a session goes on without a client when nothing else was said. */
export const defaultSessionSeconds = 12 * 3600;
export const longestSessionSeconds = 14 * 86_400;

/** Member of ExecOptions. */
export interface InSession {
  /** Makes the process, which has a terminal then, one that outlives its clients. */
  readonly session?: SessionOptions;
}

export interface SessionOptions {
  /** Unlike that of any other session of the container; {@link sessionIdPattern}. */
  readonly id: string;
  /** For people. */
  readonly name?: string;
  /** How long it goes on without a client before it is hung up; default {@link defaultSessionSeconds}. */
  readonly expireSeconds?: number;
}

export interface SessionInfo {
  readonly id: string;
  readonly name?: string;
  readonly command: readonly string[];
  /** RFC 3339. */
  readonly startedAt: string;
  /** How many clients show it at the moment. */
  readonly attached: number;
  /** Its process has ended while nobody looked; who attaches sees its last output, and then it is forgotten. */
  readonly exited?: { readonly exitCode: number; readonly oomKilled?: boolean };
}

export interface SessionParams {
  readonly container: string;
  readonly session: string;
}
