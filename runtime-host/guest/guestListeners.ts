import type { Duplex } from 'node:stream';
import { Code, ConnectError } from '@connectrpc/connect';
import { BerthError } from '../protocol/errors.ts';
import type { Listener } from '../protocol/networks.ts';
import { Listener_Protocol } from './gen/guest_pb.js';
import { guestError } from './guestErrors.ts';
import { acceptGuestSocket, type GuestCalls } from './guestSocket.ts';

/**
 * What waits for connections in the container: at once, and again after each change, until the signal.
 * @throws BerthError GuestFailed; the signal's reason
 */
export async function* watchListeners({ client, connected }: GuestCalls, signal: AbortSignal): AsyncGenerator<readonly Listener[]> {
  try {
    for await (const { listeners } of client.watchListeners({}, { signal })) {
      yield listeners.map(({ protocol, address, port, pid, processName }) => ({
        protocol: protocol === Listener_Protocol.UDP ? 'udp' : 'tcp',
        address,
        port,
        ...(processName && { processName }),
        ...(pid && { pid }),
      }));
    }
  } catch (error) {
    throw guestError(error, connected(), signal);
  }
}

/** A unix socket that the host has made in the container. */
export interface GuestListener {
  /** Settles when it is gone: closed here, or because the container or the connection to it has ended. Never rejects. */
  readonly closed: Promise<void>;
  /** Removes the socket; connections go on. */
  close(): void;
}

/**
 * Makes a unix socket in the container. Before the container's start that works also where its root will be read-only, and
 * its first process finds the socket.
 * @param onConnection gets each connection, which it owns
 * @param onError hears why a connection was lost before it got there, or why the socket is gone
 * @throws BerthError InvalidArgument when there can be no socket at that path; GuestFailed
 */
export async function listenInGuest(calls: GuestCalls, { path, mode }: { readonly path: string; readonly mode: number }, onConnection: (connection: Duplex) => void, onError: (error: BerthError) => void): Promise<GuestListener> {
  const abort = new AbortController();
  const connections = calls.client.listenSocket({ path, mode }, { signal: abort.signal })[Symbol.asyncIterator]();
  try {
    await connections.next();
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.InvalidArgument) {
      throw new BerthError('InvalidArgument', `The container can have no socket at ${path}: ${error.rawMessage}.`, { cause: error });
    }
    throw guestError(error, calls.connected());
  }
  const accept = async (): Promise<void> => {
    try {
      for (let next = await connections.next(); !next.done; next = await connections.next()) {
        acceptGuestSocket(calls, path, next.value.connectionId).then(onConnection, (error: unknown) => onError(BerthError.from(error)));
      }
    } catch (error) {
      if (!abort.signal.aborted) onError(guestError(error, calls.connected()));
    }
  };
  return { closed: accept(), close: () => abort.abort() };
}
