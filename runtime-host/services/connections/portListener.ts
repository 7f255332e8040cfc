import { createServer, type Server, type Socket } from 'node:net';
import { isNodeError } from '../../protocol/errors.ts';

/** A port of this machine's on which connections are taken. */
export interface PortListener {
  readonly address: string;
  readonly port: number;
  /** No more connections are taken. Those that there are stay. */
  close(): void;
}

export const loopback = '127.0.0.1';
const loopback6 = '::1';
/** A port that is free on one loopback address may be taken on the other. */
const attempts = 20;

/**
 * @param address an IP address; 127.0.0.1 stands for ::1, too, where there is one
 * @param port 0 for any that is free
 * @throws the error of listen(2), such as EADDRINUSE
 */
export async function listenOnPort(address: string, port: number, connected: (socket: Socket) => void): Promise<PortListener> {
  for (let attempt = 1; ; attempt += 1) {
    const first = await listen(address, port, connected);
    const chosen = portOf(first);
    try {
      const second = address === loopback ? await listenWhereExists(loopback6, chosen, connected) : undefined;
      return {
        address,
        port: chosen,
        close: () => {
          first.close();
          second?.close();
        },
      };
    } catch (error) {
      first.close();
      if (port !== 0 || attempt === attempts) throw error;
    }
  }
}

/** undefined where the machine has no such address. */
async function listenWhereExists(address: string, port: number, connected: (socket: Socket) => void): Promise<Server | undefined> {
  try {
    return await listen(address, port, connected);
  } catch (error) {
    if (isNodeError(error) && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')) return undefined;
    throw error;
  }
}

function listen(host: string, port: number, connected: (socket: Socket) => void): Promise<Server> {
  // Nothing is read before the other end is there, and the end of one direction is not that of the other.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, connected);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':'), backlog: 1024 }, () => {
      server.off('error', reject);
      // Such as too many open files: those that wait are taken later.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listener on a port has none.');
  return address.port;
}
