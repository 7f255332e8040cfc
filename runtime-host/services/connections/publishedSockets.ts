import type { Server, Socket } from 'node:net';
import type { Logger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { PublishedSocket } from '../../protocol/networks.ts';
import { bridge } from './bridge.ts';
import type { GuestConnections } from './guestConnections.ts';
import { listenOnSocket } from './hostSockets.ts';

/** As for forwarded ports. */
const maximumConnections = 1000;

/** The unix sockets of the host that lead into one container, from before its VM boots until it has ended. */
export class PublishedSockets {
  readonly #container: { readonly id: string; readonly name: string };
  readonly #log: Logger;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #guest = Promise.withResolvers<GuestConnections>();
  #hasComplained = false;

  private constructor(container: { readonly id: string; readonly name: string }, log: Logger) {
    this.#container = container;
    this.#log = log;
    this.#guest.promise.catch(() => undefined); // Whoever waits for it hears of it.
  }

  /**
   * Connections wait until the guest is there.
   * @throws BerthError InvalidArgument when one of them cannot be made; then there is none
   */
  static async open(container: { readonly id: string; readonly name: string }, sockets: readonly PublishedSocket[], log: Logger): Promise<PublishedSockets> {
    const published = new PublishedSockets(container, log);
    try {
      for (const { hostPath, containerPath } of sockets) {
        published.#servers.push(await listenOnSocket(hostPath, (socket) => published.#connected(socket, containerPath)));
      }
    } catch (error) {
      published.close();
      throw error;
    }
    return published;
  }

  serve(guest: GuestConnections): void {
    this.#guest.resolve(guest);
  }

  /** Removes the sockets and ends their connections. */
  close(): void {
    this.#guest.reject(new BerthError('ContainerNotRunning', `Container “${this.#container.name}” has ended.`));
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connected(socket: Socket, unixPath: string): void {
    if (this.#sockets.size >= maximumConnections) {
      socket.on('error', () => undefined).destroy();
      this.#complain(unixPath, `There are ${maximumConnections} connections already.`);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const opening = this.#guest.promise.then((guest) => guest.dial({ unixPath }));
    void bridge(socket, opening, (error) => this.#complain(unixPath, String(error)));
  }

  /** Once: a client may try again and again. */
  #complain(path: string, reason: string): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#log.info('A connection to a published socket failed', { container: this.#container.id, path, reason });
  }
}
