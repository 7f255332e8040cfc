import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BerthError } from '../protocol/errors.ts';

/**
 * netd's program: `BERTH_NETD`, or `netd/netd` beside the host's bundle, or `dist/netd/netd` of the checkout when the host
 * runs from source.
 */
export function netdProgram(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['BERTH_NETD'];
  if (chosen) return chosen;
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.ts') ? join(dirname(here), '..', '..', 'dist', 'netd', 'netd') : join(dirname(here), 'netd', 'netd');
}

/** @throws BerthError NetworkFailed when it is not there or is no program */
export async function findNetd(environment?: NodeJS.ProcessEnv): Promise<string> {
  const path = netdProgram(environment);
  await access(path, constants.X_OK).catch((error: unknown) => {
    throw new BerthError('NetworkFailed', `Berth’s network program is missing: ${path}. Install Berth again, or run “node runtime-host/netd/build.mjs” in a checkout; a container without a network (--network none) starts all the same.`, { cause: error, data: { path } });
  });
  return path;
}
