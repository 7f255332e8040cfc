import { createMessageConnection } from 'vscode-jsonrpc/node';
import type { MessageConnection, MessageReader, MessageWriter } from 'vscode-jsonrpc/node';
import { CloseCode } from '../protocol/closeCode.ts';
import { rpcPath } from '../protocol/methods.ts';
import { BerthPaths } from '../protocol/paths.ts';
import { protocolVersion, version } from '../protocol/version.ts';
import { WebSocketMessageReader, WebSocketMessageWriter } from '../protocol/webSocketTransport.ts';
import { BerthClient } from './berthClient.ts';
import type { OpenStream } from './berthClient.ts';
import { connectionLost } from './connectionLost.ts';
import { openSocket } from './hostSocket.ts';
import { openStream } from './openStream.ts';
import { reachHost } from './reachHost.ts';
import type { ReachOptions } from './reachHost.ts';
import type { RequestChannel } from './requester.ts';

export interface ConnectOptions extends ReachOptions {
  readonly paths?: BerthPaths;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** Talk to a host of another protocol version; only `system.stop()` is sure to work then. */
  readonly anyVersion?: boolean;
}

/** An open connection to the host that carries JSON-RPC; for vscode-languageclient it is a MessageTransports. */
export interface HostTransport {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  readonly hostVersion: string;
  readonly paths: BerthPaths;
  /** Byte streams to the same host, for `new BerthClient(languageClient, transport)`. */
  readonly openStream: OpenStream;
  /** False from the moment in which the connection begins to end, which is before its close is told. */
  readonly isOpen: boolean;
  /** Calls the listener when the connection has ended, for whatever reason. */
  onDidClose(listener: () => void): void;
  close(): void;
}

/**
 * Opens a connection on which nobody has spoken yet, starting the host where needed. For vscode-languageclient, which
 * sends `initialize` itself.
 * @throws BerthError HostUnreachable, VersionMismatch, Cancelled
 */
export async function connectTransport(options: ConnectOptions = {}): Promise<HostTransport> {
  const paths = options.paths ?? new BerthPaths(options.environment);
  return reachHost(paths, options, () => openTransport(paths, options));
}

function openTransport(paths: BerthPaths, { signal, anyVersion }: ConnectOptions): Promise<HostTransport | undefined> {
  const common = { paths, ...(signal && { signal }), ...(anyVersion && { anyVersion }) };
  return openSocket({ ...common, path: rpcPath }, (socket, hostVersion) => ({
    reader: new WebSocketMessageReader(socket),
    writer: new WebSocketMessageWriter(socket),
    hostVersion,
    paths,
    openStream: (path, streamSignal) => openStream(paths, path, streamSignal),
    get isOpen() {
      return socket.readyState === socket.OPEN;
    },
    onDidClose: (listener) => {
      socket.once('close', listener);
    },
    close: () => socket.close(CloseCode.normal),
  }));
}

/** A typed client with a connection of its own. */
export class HostConnection extends BerthClient {
  readonly hostVersion: string;
  readonly paths: BerthPaths;
  readonly #transport: HostTransport;
  readonly #connection: MessageConnection;

  constructor(transport: HostTransport, connection: MessageConnection) {
    super(connection as RequestChannel, transport);
    this.hostVersion = transport.hostVersion;
    this.paths = transport.paths;
    this.#transport = transport;
    this.#connection = connection;
  }

  /** Calls the listener when the connection has ended; connecting again is up to the caller. */
  onDidClose(listener: () => void): void {
    this.#transport.onDidClose(listener);
  }

  /** Ends the connection; the host cancels what this client still waits for. Open streams go on. */
  close(): void {
    this.#connection.dispose();
    this.#transport.close();
  }
}

/**
 * Connects to the user's runtime host, starting it where needed.
 * @throws BerthError HostUnreachable with the log's path, VersionMismatch, Cancelled
 */
export async function connect(options: ConnectOptions = {}): Promise<HostConnection> {
  // A host that is just ending may still take the connection; it is gone then, and a fresh one takes its place.
  const client = (await introduce(await connectTransport(options))) ?? (await introduce(await connectTransport(options)));
  if (!client) throw connectionLost(options.paths ?? new BerthPaths());
  return client;
}

/** Undefined when the host ended before it answered. */
async function introduce(transport: HostTransport): Promise<HostConnection | undefined> {
  const connection = createMessageConnection(transport.reader, transport.writer);
  let closed = false;
  transport.onDidClose(() => {
    closed = true;
    // Rejects what is still waiting; without this it would wait for ever.
    connection.dispose();
  });
  // What breaks the connection also closes it, and every request that waits says so.
  connection.onError(() => undefined);
  connection.listen();
  try {
    await connection.sendRequest('initialize', {
      processId: process.pid,
      clientInfo: { name: 'berth-client', version },
      rootUri: null,
      capabilities: { experimental: { berth: { protocolVersion } } },
    });
    await connection.sendNotification('initialized', {});
  } catch (error) {
    // A host that says goodbye right after its answer is still closing when we thank it for that.
    if (closed || !transport.isOpen) return undefined;
    transport.close();
    throw connectionLost(transport.paths, error);
  }
  return new HostConnection(transport, connection);
}
