import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** One request, and what a well-behaved registry would answer it with. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What is asked for: `manifests` or `blobs`, and the tag or digest. */
  readonly kind: string;
  readonly name: string;
  /** Undefined when the layout has nothing of that name. */
  readonly content: Buffer | undefined;
  readonly mediaType: string;
  /** Gives the well-behaved answer; range requests are honoured. */
  answer(): void;
}

/** A registry over an OCI layout that behaves well except where the test steps in. */
export interface FaultyRegistry {
  readonly host: string;
  /** Every request in order, as `GET /v2/…` with a range where there was one. */
  readonly log: string[];
  stop(): Promise<void>;
}

/**
 * Serves one layout under any repository name.
 * @param intercept is called for each request; it answers by itself, or calls `answer()`
 */
export async function startFaultyRegistry(layout: string, intercept: (exchange: Exchange) => void): Promise<FaultyRegistry> {
  const log: string[] = [];
  const server = createServer((request, response) => {
    const range = request.headers.range;
    log.push(`${request.method} ${request.url}${range === undefined ? '' : ` ${range}`}`);
    intercept(exchange(layout, request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `localhost:${port}`,
    log,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function exchange(layout: string, request: IncomingMessage, response: ServerResponse): Exchange {
  const [, kind = '', name = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? '') ?? [];
  const { content, mediaType } = find(layout, kind, name);
  const answer = (): void => {
    if (content === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code: kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN' }] }));
      return;
    }
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = content.subarray(offset);
    const range = offset === 0 ? {} : { 'content-range': `bytes ${offset}-${content.length - 1}/${content.length}` };
    response.writeHead(offset === 0 ? 200 : 206, { 'content-type': mediaType, 'content-length': rest.length, ...range }).end(rest);
  };
  return { request, response, kind, name, content, mediaType, answer };
}

function find(layout: string, kind: string, name: string): { content?: Buffer; mediaType: string } {
  const octets = 'application/octet-stream';
  if (kind === '') return { mediaType: octets };
  if (name.startsWith('sha256:')) return { content: readBlob(layout, name), mediaType: kind === 'blobs' ? octets : 'application/vnd.oci.image.manifest.v1+json' };
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string; mediaType: string; annotations?: Record<string, string> }[] };
  const entry = index.manifests.find((manifest) => manifest.annotations?.['org.opencontainers.image.ref.name'] === name);
  return entry ? { content: readBlob(layout, entry.digest), mediaType: entry.mediaType } : { mediaType: octets };
}

function readBlob(layout: string, digest: string): Buffer {
  return readFileSync(join(layout, 'blobs', 'sha256', digest.slice('sha256:'.length)));
}
