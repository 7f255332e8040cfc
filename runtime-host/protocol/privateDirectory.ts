import { lstat, mkdir } from 'node:fs/promises';
import { BerthError, isNodeError } from './errors.ts';

/**
 * Creates the directory where it is missing, and refuses one that other users could have put there or can enter: the
 * runtime directory often lies in /tmp, and whoever owns the socket in it can read everything that clients send.
 * @throws BerthError Internal
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await isPrivateDirectory(path);
}

/**
 * False when there is no such directory.
 * @throws BerthError Internal when it belongs to someone else, is open to others or is a link.
 */
export async function isPrivateDirectory(path: string): Promise<boolean> {
  // Named pipes on Windows have no directory and carry their own access rights.
  if (process.platform === 'win32') return true;
  const refuse = (why: string): never => {
    throw new BerthError('Internal', `Berth does not use the directory ${path} because ${why}. Remove it and try again.`, { data: { path } });
  };
  try {
    const stats = await lstat(path);
    if (!stats.isDirectory()) refuse('it is not a directory');
    if (stats.uid !== process.getuid?.()) refuse('it belongs to another user');
    if ((stats.mode & 0o077) !== 0) refuse('other users can enter it');
    return true;
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}
