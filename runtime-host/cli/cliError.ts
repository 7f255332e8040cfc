import { constants } from 'node:os';
import { BerthError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';

/** Exit statuses with a meaning of their own; the same as docker's. */
export const ExitStatus = {
  ok: 0,
  failure: 1,
  /** `run` failed before the process ran. */
  runFailed: 125,
  wrongOption: 125,
  notExecutable: 126,
  notFound: 127,
  interrupted: 130,
  /** Nobody reads our output any more: what the shell reports for a program that SIGPIPE ended. */
  brokenPipe: 141,
} as const;

/** Ends the program with this status; without a message quietly. */
export class Exit extends Error {
  readonly status: number;

  constructor(status: number, message = '') {
    super(message);
    this.status = status;
  }
}

/** A signal came while there was no process to pass it on to. */
export class Interrupted extends Exit {
  constructor(signal: NodeJS.Signals) {
    super(128 + constants.signals[signal]); // What the shell reports for a program that the signal ended.
  }
}

/** Exit status for what went wrong with a process that was to run; `otherwise` for everything else. */
export function statusForError(error: unknown, otherwise: number): number {
  const code: ErrorCode | undefined = error instanceof BerthError ? error.code : undefined;
  if (code === 'CommandNotFound') return ExitStatus.notFound;
  if (code === 'CommandNotExecutable') return ExitStatus.notExecutable;
  if (code === 'Cancelled') return ExitStatus.interrupted;
  return otherwise;
}
