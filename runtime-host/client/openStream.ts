import type { BerthPaths } from '../protocol/paths.ts';
import { Channel, streamSubprotocol } from '../protocol/streams.ts';
import { connectionLost } from './connectionLost.ts';
import { openSocket } from './hostSocket.ts';
import { HostStream } from './hostStreams.ts';
import { reachHost } from './reachHost.ts';

/**
 * Opens a byte stream to the host of these paths, which must run already.
 * @throws BerthError HostUnreachable, VersionMismatch, Cancelled
 */
export async function openStream(paths: BerthPaths, path: string, signal?: AbortSignal): Promise<HostStream> {
  const stream = await tryStream(paths, path, signal);
  if (!stream) throw connectionLost(paths);
  signal?.addEventListener('abort', () => stream.close(), { once: true });
  return stream;
}

/**
 * The same for who needs nothing but one stream: it starts the host where none runs, and needs no JSON-RPC connection,
 * which takes longer to load and to open than the stream itself. `request` opens the streams that want one.
 */
export async function openStreamAlone(paths: BerthPaths, path: string, request?: Uint8Array): Promise<HostStream> {
  const stream = await reachHost(paths, {}, () => tryStream(paths, path));
  if (request) stream.send(Channel.request, request);
  return stream;
}

function tryStream(paths: BerthPaths, path: string, signal?: AbortSignal): Promise<HostStream | undefined> {
  return openSocket({ paths, path, subprotocol: streamSubprotocol, ...(signal && { signal }) }, (socket) => new HostStream(socket, paths));
}
