import { statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Machine } from '../../runtime-host/devcontainer/hostRequirements.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';

/** What this machine has for virtual machines. */
export function thisMachine(): Machine {
  const storageBytes = freeBytes(new BerthPaths().home);
  return { cpus: availableParallelism(), memoryBytes: totalmem(), ...(storageBytes !== undefined && { storageBytes }) };
}

/** Where a directory is, or will be. */
function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    // Not there yet: its file system is that of the directory above.
    return dirname(directory) === directory ? undefined : freeBytes(dirname(directory));
  }
}
