import { BerthError } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';

/** The connection ended while something was still expected from it. */
export function connectionLost(paths: BerthPaths, cause?: unknown): BerthError {
  return new BerthError(
    'HostUnreachable',
    `The connection to Berth’s runtime host was lost. Try again; its log is ${paths.hostLog}.`,
    { cause, data: { log: paths.hostLog } },
  );
}
