import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Carries bytes both ways between a connection of this machine's and one into a guest, at the pace of whoever reads. The
 * end of one direction ends that direction only; a failure on one side resets the other.
 * @param here has not been read yet
 * @param opening the other end; where there is none, `here` is reset
 * @returns what settles when both are closed. It never rejects: why there was no connection goes to `failed`
 */
export async function bridge(here: Socket, opening: Promise<Duplex>, failed: (error: unknown) => void): Promise<void> {
  const closed = new Promise<void>((resolve) => here.once('close', () => resolve()));
  here.on('error', () => here.destroy());
  let there: Duplex;
  try {
    there = await opening;
  } catch (error) {
    reset(here);
    failed(error);
    return closed;
  }
  const gone = new Promise<void>((resolve) => there.once('close', () => resolve()));
  there.on('error', () => reset(here));
  if (here.destroyed) {
    there.destroy();
    return gone;
  }
  here.once('close', () => {
    // A close after both ends were read and written is none that the other side must hear of.
    if (!here.readableEnded || !here.writableFinished) there.destroy();
  });
  there.once('close', () => {
    if (!there.readableEnded || !there.writableFinished) reset(here);
  });
  here.setNoDelay(true);
  here.pipe(there);
  there.pipe(here);
  await Promise.all([closed, gone]);
}

/** Ends a connection so that its peer sees a failure: by RST where there is such a thing. */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // What is no TCP connection has no address.
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
