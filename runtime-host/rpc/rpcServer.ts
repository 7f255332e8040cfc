import { chmod } from 'node:fs/promises';
import { createServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { CloseCode } from '../protocol/closeCode.ts';
import { BerthError } from '../protocol/errors.ts';
import { ContainerDidChange, GrantDidChange, ImageDidChange, NetworkDidChange, rpcPath, ShowMessage, VolumeDidChange, warningMessage } from '../protocol/methods.ts';
import { maxStreamFrameBytes, streamSubprotocol } from '../protocol/streams.ts';
import { protocolHeader, protocolVersion, version, versionHeader } from '../protocol/version.ts';
import { maxRpcMessageBytes } from '../protocol/webSocketTransport.ts';
import { ByteStream } from './byteStream.ts';
import { containerMethods } from './containerMethods.ts';
import { ExecPreparations } from './execPreparations.ts';
import type { HostProcess, HostServices } from './hostServices.ts';
import { imageMethods } from './imageMethods.ts';
import { languageMethods } from './languageConnection.ts';
import { usageMethods } from './usageMethods.ts';
import { grantMethods } from './grantMethods.ts';
import type { Method } from './method.ts';
import { mountMethods } from './mountMethods.ts';
import { portMethods } from './portMethods.ts';
import { RpcConnection } from './rpcConnection.ts';
import { networkMethods } from './networkMethods.ts';
import { sessionMethods } from './sessionMethods.ts';
import { parseStreamRoute, serveStream } from './streamRoutes.ts';
import type { StreamRoute } from './streamRoutes.ts';
import { statisticsMethods } from './statisticsMethods.ts';
import { systemMethods } from './systemMethods.ts';
import { useMethods } from './useMethods.ts';
import { volumeMethods } from './volumeMethods.ts';

const allMethods: readonly Method[] = [
  ...systemMethods,
  ...imageMethods,
  ...containerMethods,
  ...volumeMethods,
  ...networkMethods,
  ...statisticsMethods,
  ...usageMethods,
  ...mountMethods,
  ...grantMethods,
  ...portMethods,
  ...useMethods,
  ...languageMethods,
  ...sessionMethods,
];

/**
 * The host's one door: HTTP on a unix socket that only upgrades to WebSockets.
 *
 *   /rpc                          JSON-RPC (protocol/methods.ts)
 *   /containers/…  /exec/…        byte streams (protocol/streams.ts)
 */
export class RpcServer {
  readonly #host: HostProcess;
  readonly #server: Server;
  readonly #rpcSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxRpcMessageBytes });
  readonly #streamSockets = new WebSocketServer({
    noServer: true, perMessageDeflate: false, maxPayload: maxStreamFrameBytes, handleProtocols: () => streamSubprotocol,
  });
  readonly #execs = new ExecPreparations();
  readonly #methods = new Map(allMethods.map((method) => [method.name, method]));
  readonly #clients = new Set<RpcConnection>();
  readonly #sockets = new Set<WebSocket>();
  readonly #onConnectionsChanged: (count: number) => void;
  #unsubscribe: (() => void)[] = [];

  /** `onConnectionsChanged` hears how many sockets of clients are open, after each change. */
  constructor(host: HostProcess, onConnectionsChanged: (count: number) => void) {
    this.#host = host;
    this.#onConnectionsChanged = onConnectionsChanged;
    this.#server = createServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', [versionHeader]: version, [protocolHeader]: protocolVersion }).end('Berth speaks WebSocket here.\n');
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
    for (const sockets of [this.#rpcSockets, this.#streamSockets]) {
      sockets.on('headers', (headers) => headers.push(`${versionHeader}: ${version}`, `${protocolHeader}: ${protocolVersion}`));
    }
  }

  /**
   * Opens the door. The socket's directory must be private already.
   * @throws BerthError InvalidArgument where there can be no socket
   */
  async listen(socketPath: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(socketPath, error)));
      this.#server.listen(socketPath, () => {
        this.#server.removeAllListeners('error');
        resolve();
      });
    });
    if (process.platform !== 'win32') await chmod(socketPath, 0o600);
  }

  /** Passes the services' news on to every client. */
  watch({ containers, images, volumes, networks, grants }: HostServices): void {
    this.#unsubscribe.push(
      containers.onDidChange((change) => {
        for (const client of this.#clients) client.notify(ContainerDidChange, change);
      }),
      images.onDidChange((change) => {
        for (const client of this.#clients) client.notify(ImageDidChange, change);
      }),
      volumes.onDidChange((change) => {
        for (const client of this.#clients) client.notify(VolumeDidChange, change);
      }),
      networks.onDidChange((change) => {
        for (const client of this.#clients) client.notify(NetworkDidChange, change);
      }),
      grants.onDidChange((change) => {
        for (const client of this.#clients) client.notify(GrantDidChange, change);
      }),
      containers.onNotice((message) => {
        for (const client of this.#clients) client.notify(ShowMessage, { type: warningMessage, message });
      }),
    );
  }

  /** Closes the door (which removes the socket), says goodbye to the clients and waits until they are gone, 2 s at most. */
  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#execs.dispose();
    for (const client of this.#clients) client.close();
    for (const socket of this.#sockets) socket.close(CloseCode.goingAway, 'The runtime host is stopping.');
    const impatience = setTimeout(() => {
      for (const socket of this.#sockets) socket.terminate();
      this.#server.closeAllConnections();
    }, 2000);
    await closed;
    clearTimeout(impatience);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    // Browsers send an Origin with every WebSocket and no client of ours does.
    if (request.headers.origin !== undefined) return refuse(socket, 403, 'Berth takes no requests from web pages.');
    const address = request.url ?? '';
    if (address === rpcPath) {
      return this.#rpcSockets.handleUpgrade(request, socket, head, (webSocket) => this.#serveRpc(webSocket));
    }
    let route: StreamRoute | undefined;
    try {
      route = parseStreamRoute(address);
    } catch (error) {
      return refuse(socket, 400, BerthError.from(error).message);
    }
    if (!route) return refuse(socket, 404, 'There is nothing at this address.');
    const subprotocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!subprotocols.includes(streamSubprotocol)) return refuse(socket, 400, `Streams speak ${streamSubprotocol}.`);
    const target = route;
    this.#streamSockets.handleUpgrade(request, socket, head, (webSocket) => this.#serveStream(webSocket, target));
  }

  #serveRpc(socket: WebSocket): void {
    this.#track(socket);
    const client = new RpcConnection(socket, { host: this.#host, methods: this.#methods, execs: this.#execs });
    this.#clients.add(client);
    socket.once('close', () => this.#clients.delete(client));
  }

  #serveStream(socket: WebSocket, route: StreamRoute): void {
    this.#track(socket);
    void serveStream(route, new ByteStream(socket), { host: this.#host, execs: this.#execs });
  }

  #track(socket: WebSocket): void {
    this.#sockets.add(socket);
    this.#onConnectionsChanged(this.#sockets.size);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#onConnectionsChanged(this.#sockets.size);
    });
  }
}

/** Network and some other file systems have no sockets, and say so in many ways. */
function listenError(socketPath: string, cause: NodeJS.ErrnoException): BerthError {
  const directory = dirname(socketPath);
  const message = `Berth cannot make a socket in ${directory} (${cause.code ?? cause.message}): the file system there may have none. Set BERTH_RUNTIME_DIR to a directory on a local disk.`;
  return new BerthError('InvalidArgument', message, { cause, data: { path: directory } });
}

function refuse(socket: Duplex, status: number, message: string): void {
  const body = `${message}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
