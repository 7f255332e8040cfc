import { PassThrough, Writable } from 'node:stream';
import { copySources, type CopyToOptions } from '../protocol/archiveStreams.ts';
import { Channel } from '../protocol/streams.ts';
import type { StreamStatus } from '../protocol/streams.ts';
import type { Archives } from '../services/files/archiveService.ts';
import type { ByteStream } from './byteStream.ts';
import { invalid } from './validate.ts';

/** What the address of a stream of files asks for. */
export type ArchiveRoute =
  | { readonly kind: 'copyFrom'; readonly container: string; readonly path: string; readonly followLink: boolean }
  | ({ readonly kind: 'copyTo'; readonly container: string; readonly path: string } & CopyToOptions)
  | { readonly kind: 'export'; readonly container: string };

/**
 * Reads the addresses that protocol/archiveStreams.ts builds; undefined for any other.
 * @throws BerthError InvalidArgument for a parameter that is wrong.
 */
export function parseArchiveRoute(container: string, verb: string, query: URLSearchParams, flag: (name: string) => boolean): ArchiveRoute | undefined {
  if (verb === 'export') return { kind: 'export', container };
  if (verb === 'copyFrom') return { kind: 'copyFrom', container, path: pathOf(query), followLink: flag('followLink') };
  if (verb !== 'copyTo') return undefined;
  const source = copySources.find((known) => known === query.get('source')) ?? invalid('source', `one of ${copySources.join(', ')}`);
  const name = query.get('name') ?? '';
  if (/\0|\//.test(name) || name === '..') invalid('name', 'the name of a file');
  return { kind: 'copyTo', container, path: pathOf(query), source, name, keepOwner: flag('keepOwner') };
}

function pathOf(query: URLSearchParams): string {
  const path = query.get('path');
  return path && !path.includes('\0') ? path : invalid('path', 'a path');
}

/** Serves a stream of files to its end. */
export async function serveArchive(route: ArchiveRoute, stream: ByteStream, archives: Archives): Promise<StreamStatus> {
  if (route.kind === 'copyTo') return receive(route, stream, archives);
  // Takes no input, but the client may close its side.
  stream.connectInput({ stdin: new Writable({ write: (_chunk, _encoding, done) => done() }), resize: () => undefined });
  const send = (data: Uint8Array): Promise<void> => stream.send(Channel.stdout, data);
  if (route.kind === 'export') await archives.export(route.container, stream.signal, send);
  else await archives.read(route.container, route, stream.signal, send);
  return {};
}

async function receive({ container, path, source, name, keepOwner }: Extract<ArchiveRoute, { kind: 'copyTo' }>, stream: ByteStream, archives: Archives): Promise<StreamStatus> {
  const input = new PassThrough();
  // A client that goes away has not sent the end of its archive.
  stream.signal.addEventListener('abort', () => input.destroy(), { once: true });
  input.on('error', () => undefined);
  stream.connectInput({ stdin: input, resize: () => undefined });
  try {
    await archives.write(container, path, { source, ...(name !== undefined && { name }), ...(keepOwner !== undefined && { keepOwner }) }, input, stream.signal);
  } finally {
    input.destroy();
  }
  return {};
}
