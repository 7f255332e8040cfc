import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BerthError } from '../../protocol/errors.ts';

/**
 * The program that serves a directory (runtime-host/shared): `BERTH_SHARED`, or `shared/shared` beside the host's bundle, or
 * `dist/shared/shared` of the checkout when the host runs from source.
 */
export function sharedProgram(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['BERTH_SHARED'];
  if (chosen) return chosen;
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.ts') ? join(dirname(here), '..', '..', '..', 'dist', 'shared', 'shared') : join(dirname(here), 'shared', 'shared');
}

/** @throws BerthError FolderInvalid when it is not there or is no program */
export async function findShared(environment?: NodeJS.ProcessEnv): Promise<string> {
  const path = sharedProgram(environment);
  await access(path, constants.X_OK).catch((error: unknown) => {
    throw new BerthError('FolderInvalid', `Berth’s program for directories that can be taken away is missing: ${path}. Install Berth again, or run “node runtime-host/shared/build.mjs” in a checkout.`, { cause: error, data: { path } });
  });
  return path;
}
