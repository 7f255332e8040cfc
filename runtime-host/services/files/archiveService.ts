import { abortable } from '../../base/abortable.ts';
import type { CopyToOptions } from '../../protocol/archiveStreams.ts';
import type { FileAccess } from './fileAccess.ts';

/** What {@link ArchiveService} does. */
export type Archives = Pick<ArchiveService, 'read' | 'export' | 'write'>;

/** Carries files into and out of containers, as tar. Both work for containers that run and for those that do not. */
export class ArchiveService {
  readonly #files: FileAccess;

  constructor(files: FileAccess) {
    this.#files = files;
  }

  /**
   * Sends a file, or a directory with all that is in it; `send` sets the pace.
   * @throws BerthError ContainerNotFound, PathNotFound, InvalidArgument; ContainerNotRunning when it ends meanwhile;
   *   TransferEnded when nothing moves and somebody waits for the container
   */
  read(container: string, options: { readonly path: string; readonly followLink?: boolean }, signal: AbortSignal, send: (data: Uint8Array) => Promise<void>): Promise<void> {
    return this.#read(container, options, signal, send);
  }

  /** Sends the root file system, without what is mounted in it. */
  export(container: string, signal: AbortSignal, send: (data: Uint8Array) => Promise<void>): Promise<void> {
    return this.#read(container, { path: '/', oneFileSystem: true }, signal, send);
  }

  /**
   * Makes files; settles when all are there.
   * @throws BerthError as {@link read} does; DiskFull
   */
  write(container: string, path: string, options: CopyToOptions, data: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    return this.#files.with(container, signal, (guest, ending, moved) => guest.writeArchive({ destination: path, ...options }, noticing(data, moved), ending));
  }

  #read(container: string, request: { readonly path: string; readonly followLink?: boolean; readonly oneFileSystem?: boolean }, signal: AbortSignal, send: (data: Uint8Array) => Promise<void>): Promise<void> {
    return this.#files.with(container, signal, async (guest, ending, moved) => {
      for await (const data of guest.readArchive(request, ending)) {
        // Whoever does not read must not hold what has to end.
        await abortable(send(data), ending);
        moved();
      }
    });
  }
}

async function* noticing(data: AsyncIterable<Uint8Array>, moved: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of data) {
    moved();
    yield chunk;
  }
  moved();
}
