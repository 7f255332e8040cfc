import { randomBytes } from 'node:crypto';
import { close, open, type PathLike } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DiskBuilder } from './diskBuilder.ts';
import { blockSize, planGeometry } from './geometry.ts';
import { isSuperblock, mountCount, needsRecovery, superblockOffset, superblockSize } from './superblock.ts';

const openDescriptor: (path: PathLike, flags: string, mode: number) => Promise<number> = promisify(open);
const closeDescriptor: (handle: number) => Promise<void> = promisify(close);

/**
 * The size of the disk that is made when this size is asked for: whole blocks, and without a remainder that is too small.
 * @throws BerthError InvalidArgument when such a size is not possible
 */
export function volumeDiskSize(bytes: number): number {
  return planGeometry(Math.ceil(bytes / blockSize) * blockSize).size;
}

/**
 * Writes an empty file system to a new sparse file. Its root belongs to root, has mode 0755 and nothing
 * in it, not even lost+found: programs such as databases want an empty directory.
 * @returns its size, see {@link volumeDiskSize}
 * @throws BerthError InvalidArgument when such a size is not possible
 */
export async function createVolumeDisk(path: string, size: number): Promise<number> {
  const handle = await openDescriptor(path, 'wx', 0o600);
  try {
    const disk = new DiskBuilder(handle, { size: volumeDiskSize(size), uuid: randomUuid(), time: Math.floor(Date.now() / 1000), lostAndFound: false });
    try {
      await disk.finish();
    } finally {
      await disk.release();
    }
    return disk.geometry.size;
  } finally {
    await closeDescriptor(handle);
  }
}

/** RFC 9562, version 4. */
function randomUuid(): Uint8Array {
  const uuid = randomBytes(16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
}

/** What a disk says of itself: whether it was ever written by a guest, and whether the last one ended before it was done. */
export async function volumeDiskState(path: string): Promise<'new' | 'clean' | 'unclean' | 'damaged'> {
  const file = await openFile(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(superblockSize), 0, superblockSize, superblockOffset);
    if (bytesRead < superblockSize || !isSuperblock(buffer)) return 'damaged';
    if (needsRecovery(buffer)) return 'unclean';
    return mountCount(buffer) === 0 ? 'new' : 'clean';
  } finally {
    await file.close();
  }
}
