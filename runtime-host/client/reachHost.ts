import { BerthError } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { connectionLost } from './connectionLost.ts';

export interface ReachOptions {
  /** Start a host when none runs (default), or reject with HostUnreachable. */
  readonly start?: boolean;
  /** The Node that runs a host started here; default: the one that runs us. */
  readonly nodePath?: string;
  /** The host's program; default: main.ts from source, host.mjs beside a bundle. */
  readonly hostPath?: string;
  /** Environment of a host started here; default: ours. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Opens something to the host, starting it where `open` finds none.
 * @throws BerthError HostUnreachable
 */
export async function reachHost<T>(paths: BerthPaths, options: ReachOptions, open: () => Promise<T | undefined>): Promise<T> {
  let opened = await open();
  if (!opened && options.start === false) {
    throw new BerthError('HostUnreachable', 'Berth’s runtime host is not running. Start it with “container system start”.', { data: { log: paths.hostLog } });
  }
  // A host can end for idleness in the moment in which it is found, so one start may not be enough.
  for (let attempt = 0; !opened && attempt < 3; attempt += 1) {
    // Loaded only now, because a host runs already nearly always.
    const { startHost } = await import('./hostProcess.ts');
    await startHost({ ...options, paths });
    opened = await open();
  }
  if (!opened) throw connectionLost(paths);
  return opened;
}
