import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { GrpcTransportOptions } from '@connectrpc/connect-node';

type SessionManager = NonNullable<GrpcTransportOptions['sessionManager']>;

/** Never resolved: the connection is there already, HTTP/2 only wants a name for it. */
export const guestAuthority = 'http://guest';

/** How much of one process's output may be under way; enough to keep the port busy, little enough to stop soon. */
const streamWindow = 256 * 1024;
/**
 * No limit of its own (RFC 9113, 6.9.1): however many streams there are whose readers have stopped, which forwarded
 * connections may be, they never hold up the others. What waits here is bounded by the number of streams, which we open.
 */
const connectionWindow = 2 ** 31 - 1;

/**
 * The one HTTP/2 connection to a guest, as connect's gRPC transport wants it. Unlike connect's own session manager it
 * never makes a second connection behind our back: when it has ended, every call fails until the host connects anew.
 */
export class GuestSession implements SessionManager {
  readonly authority = guestAuthority;
  /** Settles when the connection has ended, for whatever reason. Never rejects. */
  readonly closed: Promise<void>;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;

  /** @param socket as {@link openControlPort} gives it */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#session = connectHttp2(guestAuthority, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindow },
    });
    this.closed = new Promise((resolve) => this.#session.once('close', resolve));
    // What ends the session also ends each of its calls, with the same error; here it only must not be unhandled.
    this.#session.on('error', () => this.close());
    this.#session.once('connect', () => this.#session.setLocalWindowSize(connectionWindow));
  }

  /** Whether calls can still be answered; false from the moment in which the connection ends, before {@link closed}. */
  get connected(): boolean {
    return !this.#session.destroyed && !this.#session.closed && !this.#socket.destroyed;
  }

  request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    return new Promise((resolve) => {
      resolve(this.#session.request({ ...headers, ':method': method, ':path': path }));
    });
  }

  notifyResponseByteRead(): void {
    // A local connection needs no keep-alive: when QEMU ends, the socket closes.
  }

  /** Ends the connection at once; the guest and its processes go on. */
  close(): void {
    // Without an error, calls that still wait for their answer would wait for ever.
    if (!this.#session.destroyed) this.#session.destroy(new Error('The connection to the guest was closed.'));
    this.#socket.destroy();
  }
}
