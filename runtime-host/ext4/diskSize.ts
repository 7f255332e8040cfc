import { open } from 'node:fs/promises';
import { isNodeError } from '../protocol/errors.ts';
import { describedSize, isSuperblock, superblockOffset, superblockSize } from './superblock.ts';

/**
 * The size in bytes of a disk that we have written, when its file is as long as its super block says; undefined when it
 * is not, or there is no such file, or it is no disk. Tells what was cut short, not what was changed within.
 */
export async function wholeDiskSize(path: string): Promise<number | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(superblockSize), 0, superblockSize, superblockOffset);
    if (bytesRead < superblockSize || !isSuperblock(buffer)) return undefined;
    const { size } = await file.stat();
    return size === describedSize(buffer) ? size : undefined;
  } finally {
    await file.close();
  }
}
