import { Code, ConnectError, type Client } from '@connectrpc/connect';
import { BerthError } from '../protocol/errors.ts';
import { type Guest, WriteArchiveStart_Source } from './gen/guest_pb.js';
import { guestError } from './guestErrors.ts';

/** See ReadArchiveRequest in guest.proto. */
export interface ReadArchive {
  readonly path: string;
  readonly followLink?: boolean;
  readonly oneFileSystem?: boolean;
}

/** See WriteArchiveStart in guest.proto. */
export interface WriteArchive {
  readonly destination: string;
  readonly source: 'entries' | 'file' | 'directory' | 'contents';
  readonly name?: string;
  readonly keepOwner?: boolean;
}

/** Messages stay this small, so that others of the same connection get their turn. */
const pieceBytes = 64 * 1024;

const sources: Readonly<Record<WriteArchive['source'], WriteArchiveStart_Source>> = {
  entries: WriteArchiveStart_Source.ENTRIES,
  file: WriteArchiveStart_Source.FILE,
  directory: WriteArchiveStart_Source.DIRECTORY,
  contents: WriteArchiveStart_Source.CONTENTS,
};

/**
 * Files of the container as tar, at the pace of whoever iterates.
 * @throws BerthError PathNotFound, InvalidArgument, GuestFailed; the signal's reason
 */
export async function* readArchive(client: Client<typeof Guest>, request: ReadArchive, signal: AbortSignal, connected: () => boolean): AsyncGenerator<Uint8Array> {
  try {
    for await (const { data } of client.readArchive(request, { signal })) yield data;
  } catch (error) {
    throw archiveError(error, connected(), signal);
  }
}

/**
 * Makes files in the container from tar; settles when all are there.
 * @throws BerthError PathNotFound, InvalidArgument, DiskFull, GuestFailed; the signal's reason
 */
export async function writeArchive(client: Client<typeof Guest>, { source, ...start }: WriteArchive, data: AsyncIterable<Uint8Array>, signal: AbortSignal, connected: () => boolean): Promise<void> {
  async function* requests(): AsyncGenerator<{ message: { case: 'start'; value: object } | { case: 'data'; value: Uint8Array } }> {
    yield { message: { case: 'start', value: { ...start, source: sources[source] } } };
    for await (const chunk of data) {
      for (let at = 0; at < chunk.length; at += pieceBytes) yield { message: { case: 'data', value: chunk.subarray(at, at + pieceBytes) } };
    }
  }
  try {
    await client.writeArchive(requests(), { signal });
  } catch (error) {
    throw archiveError(error, connected(), signal);
  }
}

function archiveError(thrown: unknown, connected: boolean, signal: AbortSignal): BerthError {
  if (thrown instanceof ConnectError && !signal.aborted) {
    const { code, rawMessage } = thrown;
    if (code === Code.NotFound) return new BerthError('PathNotFound', `There is no such file or directory in the container: ${rawMessage.replace(/: no such file or directory$/, '')}.`);
    if (code === Code.InvalidArgument) return new BerthError('InvalidArgument', `The files cannot be copied: ${rawMessage}.`);
    if (code === Code.ResourceExhausted) return new BerthError('DiskFull', `The container has no room for the files: ${rawMessage}.`);
  }
  return guestError(thrown, connected, signal);
}
