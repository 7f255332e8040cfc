import { chmod, lstat, stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, isAbsolute } from 'node:path';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { longestSocketPath } from '../../protocol/paths.ts';

/**
 * Listens on a unix socket of the user's, mode 0600. One that an ended program of this user's has left there is replaced;
 * closing the server removes it.
 * @throws BerthError InvalidArgument
 */
export async function listenOnSocket(path: string, connected: (socket: Socket) => void): Promise<Server> {
  checkHostSocketPath(path);
  // Of a missing directory listening says that it may not be written.
  const parent = await stat(dirname(path)).catch(() => undefined);
  if (!parent?.isDirectory()) throw refusal(path, `there is no directory ${dirname(path)}. Make it first`);
  await removeStale(path);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, connected);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(path, error)));
    server.listen({ path, backlog: 1024 }, () => {
      server.removeAllListeners('error');
      // Such as too many open files: those that wait are taken later.
      server.on('error', () => undefined);
      resolve();
    });
  });
  try {
    await chmod(path, 0o600);
  } catch (error) {
    server.close();
    throw listenError(path, error);
  }
  return server;
}

/** @throws BerthError InvalidArgument when there can be no socket of that path */
export function checkHostSocketPath(path: string): void {
  if (!isAbsolute(path) || path.includes('\0')) throw refusal(path, 'its path is not absolute. Write the whole path');
  const length = Buffer.byteLength(path);
  if (length > longestSocketPath) throw refusal(path, `its path is ${length} bytes long, and no socket’s can be longer than ${longestSocketPath}. Choose a shorter one`);
}

/** Removes a socket of ours that nobody serves any more. Whatever else is there stays. */
export async function removeLeftSocket(path: string): Promise<void> {
  await removeStale(path).catch(() => undefined);
}

/** @throws BerthError InvalidArgument when something is there that is not ours to remove */
async function removeStale(path: string): Promise<void> {
  let there;
  try {
    there = await lstat(path);
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return;
    throw listenError(path, error);
  }
  if (!there.isSocket()) throw refusal(path, 'there is something else. Remove it, or choose another path');
  if (process.getuid && there.uid !== process.getuid()) throw refusal(path, 'there is one of another user’s. Choose another path');
  if (await isServed(path)) throw refusal(path, 'a program listens there already. Choose another path');
  await unlink(path);
}

async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      // Whatever else is wrong with it, it is not one that was left.
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    });
  } finally {
    socket.destroy();
  }
}

function listenError(path: string, error: unknown): BerthError {
  const code = isNodeError(error) ? error.code : undefined;
  if (code === 'EACCES' || code === 'EROFS') return refusal(path, `you cannot write to ${dirname(path)}. Choose another directory`, error);
  return refusal(path, `the system refuses it (${code ?? String(error)}). Choose another directory, on a local disk`, error);
}

function refusal(path: string, why: string, cause?: unknown): BerthError {
  return new BerthError('InvalidArgument', `The socket ${path} cannot be made: ${why}.`, { cause, data: { path, option: 'sockets' } });
}
