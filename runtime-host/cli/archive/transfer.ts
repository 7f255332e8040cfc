import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { HostStream } from '../../client/hostStreams.ts';

/** Ends a stream of files with the signal, whose other end then stops as well. */
export function closeWith(stream: HostStream, signal: AbortSignal): void {
  signal.addEventListener('abort', () => stream.close(), { once: true });
  if (signal.aborted) stream.close();
}

/**
 * Sends an archive to its end, and settles when the host has done with it.
 * @throws BerthError from the host, which may refuse before all is sent; what the source throws
 */
export async function sendArchive(stream: HostStream, archive: AsyncIterable<Uint8Array>, onSent: (bytes: number) => void): Promise<void> {
  const over = stream.status.then(() => undefined);
  over.catch(() => undefined);
  const chunks = archive[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), over]);
      if (!next || next.done) break;
      await Promise.race([new Promise<void>((resolve) => stream.stdin.write(next.value, () => resolve())), over]);
      onSent(next.value.length);
    }
    stream.stdin.end();
    await over;
  } finally {
    // Not awaited: a source that waits for input would keep us.
    void chunks.return?.();
    stream.close();
  }
}

/** What comes from the host, to its end. @throws BerthError from the host: then what has come is not all */
export async function* receiveArchive(stream: HostStream, onReceived: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  stream.stderr.resume();
  for await (const chunk of stream.stdout as AsyncIterable<Uint8Array>) {
    onReceived(chunk.length);
    yield chunk;
  }
  await stream.status;
}

/** Writes at the pace of whoever reads. */
export async function writeAll(chunks: AsyncIterable<Uint8Array>, output: Writable): Promise<void> {
  for await (const chunk of chunks) if (!output.write(chunk)) await once(output, 'drain');
}
