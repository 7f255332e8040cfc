import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { lstat, open, opendir, readlink, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pack, type Header, type Pack } from 'tar-stream';
import type { CopyToOptions } from '../../protocol/archiveStreams.ts';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { assertions } from './copyArguments.ts';

/** What is copied into a container. */
export interface LocalSource {
  readonly path: string;
  readonly name: string;
  readonly source: CopyToOptions['source'];
}

const readBytes = 64 * 1024;

/**
 * Looks at a source as docker does: a symbolic link is copied as a link, unless it is followed or ends with a slash.
 * @throws BerthError PathNotFound, InvalidArgument
 */
export async function inspectSource(text: string, followLink: boolean): Promise<LocalSource> {
  const { directory, contents } = assertions(text);
  const path = resolve(text);
  try {
    const status = await (followLink || directory ? stat(path) : lstat(path));
    if (directory && !status.isDirectory()) throw notADirectory(text);
    const kind = contents ? 'contents' : status.isDirectory() ? 'directory' : 'file';
    return { path, name: basename(path), source: kind };
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') throw new BerthError('PathNotFound', `There is no file or directory “${text}”.`, { cause: error });
    if (isNodeError(error) && error.code === 'ENOTDIR') throw notADirectory(text);
    throw error;
  }
}

export function notADirectory(path: string): BerthError {
  return new BerthError('InvalidArgument', `“${path}” is not a directory.`);
}

/** A source as tar: its own entry is “.”. Links in it stay links. Destroy it if it is not read to its end. */
export function packSource(source: LocalSource, followLink: boolean): Pack {
  const archive = pack();
  const packer = new Packer(archive);
  packer.add(source.path, '.', followLink || source.source !== 'file').then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  archive.on('error', () => undefined); // Whoever reads it learns of it.
  return archive;
}

class Packer {
  readonly #archive: Pack;
  /** Names of files that have several, as they were written first. */
  readonly #links = new Map<string, string>();

  constructor(archive: Pack) {
    this.#archive = archive;
  }

  async add(path: string, name: string, follow = false): Promise<void> {
    const status = await (follow ? stat(path, { bigint: true }) : lstat(path, { bigint: true }));
    const type = typeOf(status);
    if (!type) return; // A socket: nobody could use it.
    if (type === 'file') return this.#addFile(path, name, status, follow);
    const device = type === 'character-device' || type === 'block-device' ? deviceNumbers(status.rdev) : {};
    await this.#entry({ ...describe(name, status), type, ...device, ...(type === 'symlink' && { linkname: await readlink(path) }) });
    if (type !== 'directory') return;
    for await (const { name: child } of await opendir(path)) {
      if (child.includes('\ufffd')) throw new BerthError('InvalidArgument', `“${join(path, child)}” cannot be copied: its name is not UTF-8. Give it another.`);
      await this.add(join(path, child), `${name}/${child}`);
    }
  }

  async #addFile(path: string, name: string, status: BigIntStats, follow: boolean): Promise<void> {
    const key = `${status.dev}:${status.ino}`;
    const first = this.#links.get(key);
    if (first !== undefined) return this.#entry({ ...describe(name, status), type: 'link', linkname: first });
    if (status.nlink > 1n) this.#links.set(key, name);
    const file = await open(path, constants.O_RDONLY | (follow ? 0 : constants.O_NOFOLLOW));
    try {
      const opened = await file.stat({ bigint: true });
      const size = Number(opened.size);
      const { promise, resolve: written, reject } = Promise.withResolvers<void>();
      const sink = this.#archive.entry({ ...describe(name, opened), type: 'file', size }, (error) => (error ? reject(error) : written()));
      sink.on('error', reject);
      promise.catch(() => undefined); // Awaited below.
      for (let at = 0; at < size;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readBytes), 0, Math.min(readBytes, size - at), at);
        if (bytesRead === 0) throw new BerthError('InvalidArgument', `“${path}” became shorter while it was read. Try again.`);
        at += bytesRead;
        if (!sink.write(buffer.subarray(0, bytesRead))) await Promise.race([new Promise((resolve) => sink.once('drain', () => resolve(undefined))), promise]);
      }
      sink.end(null);
      await promise;
    } finally {
      await file.close();
    }
  }

  #entry(header: Partial<Header> & { readonly name: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#archive.entry(header, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function typeOf(status: BigIntStats): Header['type'] | undefined {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isFIFO()) return 'fifo';
  if (status.isCharacterDevice()) return 'character-device';
  return status.isBlockDevice() ? 'block-device' : undefined;
}

/** The numbers are told as PAX has them, too: the plain header has no room for large ids and parts of seconds. */
function describe(name: string, { mode, uid, gid, mtimeNs, mtime }: BigIntStats): Partial<Header> & { readonly name: string } {
  const nanoseconds = mtimeNs % 1_000_000_000n;
  const time = nanoseconds >= 0n ? `${mtimeNs / 1_000_000_000n}.${String(nanoseconds).padStart(9, '0')}` : String(mtimeNs / 1_000_000_000n);
  return { name, mode: Number(mode & 0o7777n), uid: Number(uid), gid: Number(gid), mtime, pax: { mtime: time, uid: String(uid), gid: String(gid) } };
}

/** As the Linux kernel encodes them for programs. */
function deviceNumbers(device: bigint): { readonly devmajor: number; readonly devminor: number } {
  return {
    devmajor: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    devminor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}
