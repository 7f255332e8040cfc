import type { IncomingMessage } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { WebSocket } from 'ws';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { isPrivateDirectory } from '../protocol/privateDirectory.ts';
import { protocolHeader, protocolVersion, version, versionHeader } from '../protocol/version.ts';

/** Lists grow with what the user has; the host is trusted not to send more than it must. */
const maxAnswerBytes = 64 * 1024 * 1024;

export interface OpenSocketOptions {
  readonly paths: BerthPaths;
  readonly path: string;
  readonly subprotocol?: string;
  readonly signal?: AbortSignal;
  /** Talk to a host of another protocol version all the same (only stopping it makes sense then). */
  readonly anyVersion?: boolean;
}

/**
 * Opens a WebSocket to the host; `wrap` is called in the moment in which it is open, before any message can arrive.
 * Undefined when no host answers there.
 * @throws BerthError VersionMismatch, Cancelled, HostUnreachable when something answers that is not our host
 */
export async function openSocket<T>(options: OpenSocketOptions, wrap: (socket: WebSocket, hostVersion: string) => T): Promise<T | undefined> {
  const { paths, signal } = options;
  if (!(await isPrivateDirectory(paths.runtime))) return undefined;
  if (signal?.aborted) throw new BerthError('Cancelled', 'The operation was cancelled.');
  // The URL's host is never resolved. Its scheme keeps proxies away, the connection is made to the real path.
  const socket = new WebSocket(`ws+unix:berth:${options.path}`, options.subprotocol ? [options.subprotocol] : [], {
    createConnection: () => connectSocket({ path: paths.hostSocket }),
    perMessageDeflate: false,
    maxPayload: maxAnswerBytes,
    handshakeTimeout: 10_000,
  });
  const cancel = (): void => socket.terminate();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await opened(socket, options, wrap);
  } catch (error) {
    socket.terminate();
    if (signal?.aborted) throw new BerthError('Cancelled', 'The operation was cancelled.', { cause: error });
    if (noHost(error)) return undefined;
    if (error instanceof BerthError) throw error;
    throw new BerthError('HostUnreachable', `Berth’s runtime host does not answer as it should: ${(error as Error).message}. Its log is ${paths.hostLog}.`, {
      cause: error, data: { log: paths.hostLog },
    });
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function opened<T>(socket: WebSocket, options: OpenSocketOptions, wrap: (socket: WebSocket, hostVersion: string) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    let hostVersion = '';
    const onUpgrade = (response: IncomingMessage): void => {
      hostVersion = String(response.headers[versionHeader] ?? 'unknown');
      const mismatch = options.anyVersion ? undefined : versionMismatch(Number(response.headers[protocolHeader]), hostVersion);
      if (mismatch) reject(mismatch);
    };
    socket.once('upgrade', onUpgrade);
    socket.once('unexpected-response', (_request, response) => {
      reject(new BerthError('HostUnreachable', `What answers at ${options.paths.hostSocket} is not Berth’s runtime host (HTTP ${response.statusCode}).`, { data: { status: response.statusCode } }));
    });
    // Stays for the life of the socket: what fails also closes, and the owner listens to that.
    socket.on('error', reject);
    socket.once('open', () => resolve(wrap(socket, hostVersion)));
  });
}

/** Nobody listens, or whoever did is just going away. */
function noHost(error: unknown): boolean {
  return isNodeError(error) && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '');
}

/** Undefined when both speak the same protocol. */
export function versionMismatch(hostProtocol: number, hostVersion: string): BerthError | undefined {
  if (hostProtocol === protocolVersion) return undefined;
  const advice = hostProtocol > protocolVersion
    ? 'Restart this program (in VS Code: reload the window) after updating it.'
    : 'Restart the runtime host with “container system stop”; containers keep running.';
  return new BerthError(
    'VersionMismatch',
    `Berth’s runtime host (version ${hostVersion}) and this program (version ${version}) do not understand each other. ${advice}`,
    { data: { hostVersion, hostProtocol, clientVersion: version, clientProtocol: protocolVersion } },
  );
}
