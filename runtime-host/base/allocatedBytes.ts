import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isNodeError } from '../protocol/errors.ts';

const bytesPerBlock = 512;

/**
 * What a file, or a directory with everything in it, takes of its file system: `du`'s answer, which for a sparse file is
 * less than its size. What is not there, goes away meanwhile or cannot be looked into, takes nothing.
 */
export async function allocatedBytes(path: string): Promise<number> {
  try {
    const status = await lstat(path);
    let total = status.blocks * bytesPerBlock;
    if (status.isDirectory()) for (const entry of await readdir(path)) total += await allocatedBytes(join(path, entry));
    return total;
  } catch (error) {
    if (isNodeError(error) && (error.code === 'ENOENT' || error.code === 'EACCES')) return 0;
    throw error;
  }
}
