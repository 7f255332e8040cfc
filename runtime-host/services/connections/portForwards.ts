import type { Socket } from 'node:net';
import type { Logger } from '../../base/log.ts';
import { SerialQueue } from '../../base/serialQueue.ts';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import type { ForwardedPort } from '../../protocol/networks.ts';
import { bridge } from './bridge.ts';
import type { GuestConnections } from './guestConnections.ts';
import { listenOnPort, loopback, type PortListener } from './portListener.ts';
import { portOwner } from './portOwner.ts';

/** A running container, as forwards see it. */
export interface ForwardTarget {
  readonly id: string;
  readonly name: string;
  readonly guest: GuestConnections;
}

export interface ForwardRequest {
  readonly containerPort: number;
  /** Default: the container's port, or any other when that is taken. */
  readonly hostPort?: number;
  /** Default: the loopback addresses. */
  readonly hostAddress?: string;
}

/** How many connections of one forward may be open. For each, 256 KiB may wait here for a client that does not read. */
const maximumConnections = 1000;

/** Ports of the host that lead into running containers, each from a client's wish until the container, or the host, ends. */
export class PortForwards {
  readonly #log: Logger;
  readonly #forwards = new Set<Forward>();
  /** Two that wish for the same get the same. */
  readonly #opening = new SerialQueue();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Answers with the one that there is when it fits.
   * @throws BerthError PortInUse when the host's port was asked for and is taken; InvalidArgument
   */
  forward(target: ForwardTarget, request: ForwardRequest): Promise<ForwardedPort> {
    return this.#opening.run(async () => {
      const address = hostAddressOf(request.hostAddress);
      const { containerPort, hostPort } = request;
      const existing = [...this.#forwards].find(({ info }) => info.container === target.id && info.containerPort === containerPort && info.hostAddress === address);
      if (existing && (hostPort === undefined || hostPort === 0 || hostPort === existing.info.hostPort)) return existing.info;
      const connections = new ForwardConnections(target, containerPort, this.#log);
      const forward = new Forward(connections, await this.#listen(address, request, (socket) => connections.add(socket)));
      this.#forwards.add(forward);
      return forward.info;
    });
  }

  /** Its connections end, too. @throws BerthError InvalidArgument when nothing is forwarded there */
  stop(target: { readonly id: string; readonly name: string }, hostPort: number, hostAddress?: string): void {
    const address = hostAddressOf(hostAddress);
    const forward = [...this.#forwards].find(({ info }) => info.container === target.id && info.hostPort === hostPort && info.hostAddress === address);
    if (!forward) throw new BerthError('InvalidArgument', `Port ${hostPort} of this machine does not lead into container “${target.name}”. “container inspect” lists what does.`);
    this.#end(forward);
  }

  of(container: string): ForwardedPort[] {
    return [...this.#forwards].map(({ info }) => info).filter((info) => info.container === container);
  }

  /** The container has ended, and its forwards with it. */
  ended(container: string): void {
    for (const forward of this.#forwards) if (forward.info.container === container) this.#end(forward);
  }

  dispose(): void {
    for (const forward of this.#forwards) this.#end(forward);
  }

  #end(forward: Forward): void {
    this.#forwards.delete(forward);
    forward.end();
  }

  async #listen(address: string, { containerPort, hostPort }: ForwardRequest, connected: (socket: Socket) => void): Promise<PortListener> {
    try {
      return await listenOnPort(address, hostPort ?? containerPort, connected);
    } catch (error) {
      if (hostPort === undefined && isNodeError(error) && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) return listenOnPort(address, 0, connected);
      throw await this.#listenError(error, address, hostPort ?? containerPort);
    }
  }

  async #listenError(error: unknown, address: string, port: number): Promise<BerthError> {
    if (!isNodeError(error)) return BerthError.from(error);
    const details = { cause: error, data: { address, port } };
    if (error.code === 'EADDRINUSE') {
      const ours = [...this.#forwards].find(({ info }) => info.hostPort === port);
      const owner = ours ? `leads to port ${ours.info.containerPort} of container “${ours.name}”` : `is used by ${(await portOwner(port)) ?? 'another program'}`;
      return new BerthError('PortInUse', `Port ${port} of this machine ${owner}. Choose another one.`, details);
    }
    if (error.code === 'EACCES') return new BerthError('InvalidArgument', `Port ${port} of this machine is reserved for the administrator. Choose one above 1023.`, details);
    return new BerthError('InvalidArgument', `Nothing can listen on ${address} of this machine (${error.code ?? error.message}). Use one of its own addresses.`, details);
  }
}

class Forward {
  readonly info: ForwardedPort;
  readonly name: string;
  readonly #connections: ForwardConnections;
  readonly #listener: PortListener;

  constructor(connections: ForwardConnections, listener: PortListener) {
    const { target, containerPort } = connections;
    this.info = { container: target.id, hostAddress: listener.address, hostPort: listener.port, containerPort };
    this.name = target.name;
    this.#connections = connections;
    this.#listener = listener;
  }

  end(): void {
    this.#listener.close();
    this.#connections.end();
  }
}

class ForwardConnections {
  readonly target: ForwardTarget;
  readonly containerPort: number;
  readonly #log: Logger;
  readonly #sockets = new Set<Socket>();
  #hasComplained = false;
  #ended = false;

  constructor(target: ForwardTarget, containerPort: number, log: Logger) {
    this.target = target;
    this.containerPort = containerPort;
    this.#log = log;
  }

  add(socket: Socket): void {
    if (this.#ended || this.#sockets.size >= maximumConnections) {
      socket.on('error', () => undefined).resetAndDestroy();
      this.#complain(`There are ${maximumConnections} connections already.`);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    void bridge(socket, this.target.guest.dial({ tcpPort: this.containerPort }), (error) => this.#complain(String(error)));
  }

  end(): void {
    this.#ended = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Once: a client may try again and again. */
  #complain(reason: string): void {
    if (this.#hasComplained || this.#ended) return;
    this.#hasComplained = true;
    this.#log.info('A connection to a forwarded port failed', { container: this.target.id, port: this.containerPort, reason });
  }
}

function hostAddressOf(given: string | undefined): string {
  return given === undefined || given === '' || given === 'localhost' ? loopback : given;
}
