import { watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { BerthError, isNodeError } from './protocol/errors.ts';
import type { BerthPaths } from './protocol/paths.ts';
import { acquireHostLock } from './hostLock.ts';
import type { HostLock } from './hostLock.ts';

const patienceMilliseconds = 20_000;
/** The death of another process sends us no event, so besides watching we look this often. */
const lookAgainMilliseconds = 200;

/**
 * Becomes the one host of this home, or finds out that another one answers (undefined). While the lock is taken and
 * nobody answers, the holder is just starting or just ending: waits for what comes of it.
 * @throws BerthError HostUnreachable when the holder neither answers nor goes.
 */
export async function becomeSingleInstance(paths: BerthPaths): Promise<HostLock | undefined> {
  const deadline = Date.now() + patienceMilliseconds;
  for (;;) {
    const change = nextChange(paths);
    try {
      const lock = await acquireHostLock(paths.hostLock);
      if ('release' in lock) {
        // Whoever left it there is dead, and nobody else may touch it now.
        if (process.platform !== 'win32') await rm(paths.hostSocket, { force: true });
        return lock;
      }
      if (await answers(paths.hostSocket)) return undefined;
      if (Date.now() > deadline) {
        throw new BerthError(
          'HostUnreachable',
          `Another runtime host (process ${lock.heldBy.pid}) is there but does not answer. End that process and try again. Its log is ${paths.hostLog}.`,
          { data: { pid: lock.heldBy.pid, log: paths.hostLog } },
        );
      }
      await change.happened;
    } finally {
      change.stop();
    }
  }
}

/** Something changed beside the lock or the socket, or a moment has passed. */
function nextChange(paths: BerthPaths): { readonly happened: Promise<void>; stop(): void } {
  const stops: (() => void)[] = [];
  const happened = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, lookAgainMilliseconds);
    stops.push(() => clearTimeout(timer));
    for (const directory of [paths.home, paths.runtime]) {
      try {
        const watcher = watch(directory, () => resolve());
        watcher.on('error', () => resolve());
        stops.push(() => watcher.close());
      } catch {
        // Without a watcher (there may be too many of them) the timer still brings us on.
      }
    }
  });
  return { happened, stop: () => stops.forEach((stop) => stop()) };
}

/** Whether somebody accepts connections on the socket. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A full queue of connections (EAGAIN) is a busy host, not a dead one.
    socket.once('error', (error) => resolve(isNodeError(error) && error.code === 'EAGAIN'));
  });
}
