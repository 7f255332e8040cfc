import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isNodeError } from '../protocol/errors.ts';

/** Removes a directory with everything in it, also with directories that their owner has made unwritable. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!isNodeError(error) || (error.code !== 'EACCES' && error.code !== 'EPERM')) throw error;
    await openDirectories(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function openDirectories(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) if (entry.isDirectory()) await openDirectories(join(path, entry.name));
}
