import { createServer, request } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface SlowRegistry {
  /** `localhost:PORT` */
  readonly host: string;
  /** Lets everything through at full speed from now on. */
  hurry(): void;
  stop(): Promise<void>;
}

const chunkMilliseconds = 100;

/** A slow line to a registry on loopback: what is said passes at once, blobs pass at some bytes per second. */
export async function startSlowRegistry(registry: { readonly port: number }, bytesPerSecond: number): Promise<SlowRegistry> {
  let slow = true;
  const server = createServer((incoming, outgoing) => {
    const upstream = request({ host: '127.0.0.1', port: registry.port, path: incoming.url, method: incoming.method, headers: incoming.headers });
    upstream.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      const isBlob = incoming.method === 'GET' && incoming.url?.includes('/blobs/');
      if (isBlob) trickle(answer, outgoing, () => (slow ? bytesPerSecond : Infinity)).catch(() => outgoing.destroy());
      else answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    hurry: () => { slow = false; },
    stop: () => stopServer(server),
  };
}

async function trickle(source: IncomingMessage, target: ServerResponse, rate: () => number): Promise<void> {
  for await (const data of source as AsyncIterable<Buffer>) {
    for (let offset = 0; offset < data.length && !target.destroyed;) {
      const size = Math.max(1, Math.min(data.length - offset, Math.floor((rate() * chunkMilliseconds) / 1000)));
      target.write(data.subarray(offset, offset + size));
      offset += size;
      if (rate() !== Infinity) await new Promise((resolve) => setTimeout(resolve, chunkMilliseconds));
    }
  }
  target.end();
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    (server as ReturnType<typeof createServer>).closeAllConnections();
  });
}
