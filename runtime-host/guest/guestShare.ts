import type { Duplex } from 'node:stream';
import { BerthError } from '../protocol/errors.ts';
import type { GuestShare } from './guestContainer.ts';
import { GuestSocket, type GuestCalls } from './guestSocket.ts';

/** A directory that comes over a stream. */
export interface LiveShare extends Omit<GuestShare, 'tag' | 'live'> {
  /** It is not to be seen before {@link GuestClient.startContainer}, which names it. */
  readonly atStart?: boolean;
}

/**
 * Mounts a directory in the container for as long as the stream is there. Ending the stream takes it away, after which it
 * closes; so does destroying it, whenever that gets there.
 * @param serve is given the stream at once: the guest's kernel asks for what is on the other side before the directory is there
 * @throws BerthError GuestFailed; the signal's reason, which only gives up mounting
 */
export async function mountInGuest({ client, connected }: GuestCalls, { target, readOnly, owner, atStart = false }: LiveShare, serve: (stream: Duplex) => void, signal?: AbortSignal): Promise<Duplex> {
  const opening = { case: 'start', value: { target, readOnly, owner, atStart } } as const;
  const socket = new GuestSocket((requests, options) => client.mountShare(requests as never, { signal: options }), opening, connected, `the directory at ${target}`);
  await socket.opened(signal);
  const mounted = new Promise<void>((resolve, reject) => {
    socket.once('mounted', resolve);
    socket.on('error', reject);
    socket.once('close', () => reject(new BerthError('GuestFailed', `The directory at ${target} was not mounted in the container.`)));
  });
  const giveUp = (): void => void socket.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  try {
    serve(socket);
    await mounted;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  return socket;
}
