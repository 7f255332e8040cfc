import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, lchown, link, lstat, lutimes, mkdir, rename, rm, symlink, utimes } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { extract, type Extract, type Header } from 'tar-stream';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { assertions } from './copyArguments.ts';
import { targetFor, type LocalDestination } from './localDestination.ts';
import { writeSparse } from './writeSparse.ts';

const execute = promisify(execFile);

export interface UnpackOptions {
  readonly destination: LocalDestination;
  /** The path in the container, as the user wrote it. */
  readonly sourcePath: string;
  /** Keep owners (only root can) and the mode bits that lend rights. */
  readonly archive: boolean;
  readonly warn: (message: string) => void;
}

/**
 * Makes the files of a container's archive. The container may be anybody's: no name in the archive leads out of the
 * destination, and nothing is written through a symbolic link, neither one of the archive nor one that was there.
 */
export async function unpack(chunks: AsyncIterable<Uint8Array>, complete: () => Promise<unknown>, options: UnpackOptions): Promise<void> {
  const archive = extract();
  const feeding = feed(chunks, complete, archive);
  let lost: unknown;
  feeding.catch((error: unknown) => { lost = error; }); // The archive fails because of it, in words of its own.
  const unpacker = new Unpacker(options);
  try {
    for await (const entry of archive) {
      await unpacker.add(entry.header, entry as AsyncIterable<Uint8Array>);
      entry.resume();
    }
  } catch (error) {
    throw lost ?? error;
  }
  await feeding;
  await unpacker.finish();
}

async function feed(chunks: AsyncIterable<Uint8Array>, complete: () => Promise<unknown>, archive: Extract): Promise<void> {
  const closed = new Promise<void>((resolve) => archive.once('close', () => resolve()));
  try {
    for await (const chunk of chunks) {
      if (archive.destroyed) return;
      if (archive.write(chunk)) continue;
      await Promise.race([new Promise<void>((resolve) => archive.once('drain', () => resolve())), closed]);
    }
    await complete();
    archive.end(null);
  } catch (error) {
    archive.destroy(error as Error);
    throw error;
  }
}

interface MadeDirectory { readonly path: string; readonly header: Header }

class Unpacker {
  readonly #options: UnpackOptions;
  readonly #directories: MadeDirectory[] = [];
  /** Known to be directories, and no links. */
  readonly #safe = new Set<string>();
  #base: string | undefined;

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  async add(header: Header, content: AsyncIterable<Uint8Array>): Promise<void> {
    const names = relativeNames(header.name);
    this.#base ??= targetFor({ name: basename(join('/', this.#options.sourcePath)), directory: header.type === 'directory', contents: assertions(this.#options.sourcePath).contents }, this.#options.destination);
    if (header.name.includes('\ufffd')) this.#options.warn(`The name of “${header.name}” is not UTF-8; it was changed.`);
    await this.#checkParents(names);
    const path = join(this.#base, ...names);
    const there = await statusOf(path);
    if (header.type === 'directory') return this.#directory(path, header, there, names.length === 0);
    if (there?.isDirectory()) throw new BerthError('InvalidArgument', `The directory “${path}” cannot be overwritten with something else.`);
    if (header.type === 'file' || header.type === 'contiguous-file') return this.#file(path, header, content);
    if (header.type === 'character-device' || header.type === 'block-device') return this.#options.warn(`“${header.name}” was left out: devices are not made here.`);
    if (there) await rm(path);
    if (header.type === 'fifo') return this.#pipe(path, header);
    if (header.type === 'symlink') {
      await symlink(header.linkname, path);
      await this.#own(path, header);
      await lutimes(path, timeOf(header), timeOf(header));
    } else {
      const target = relativeNames(header.linkname);
      await this.#checkParents(target);
      await link(join(this.#base, ...target), path);
    }
  }

  /** Directories get their modes and times last: what is made in them needs the one and changes the other. */
  async finish(): Promise<void> {
    if (this.#base === undefined) throw new BerthError('Internal', 'The runtime host sent no files.');
    for (const { path, header } of this.#directories.reverse()) {
      await this.#own(path, header);
      await chmod(path, this.#mode(header));
      await utimes(path, timeOf(header), timeOf(header));
    }
  }

  async #directory(path: string, header: Header, there: Stats | undefined, isSource: boolean): Promise<void> {
    if (there && !there.isDirectory()) throw new BerthError('InvalidArgument', `“${path}” is not a directory and cannot be overwritten with one.`);
    if (!there) await mkdir(path, { mode: 0o700 });
    else if (isSource && assertions(this.#options.sourcePath).contents) return; // The destination itself stays as it is.
    else await chmod(path, there.mode | 0o700);
    this.#directories.push({ path, header });
  }

  /** Under a name of its own first: whoever gives up keeps the old file. */
  async #file(path: string, header: Header, content: AsyncIterable<Uint8Array>): Promise<void> {
    const temporary = join(dirname(path), `.berth-${randomBytes(8).toString('hex')}`);
    try {
      await writeSparse(temporary, content, header.size);
      await this.#own(temporary, header);
      await chmod(temporary, this.#mode(header));
      await utimes(temporary, timeOf(header), timeOf(header));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #pipe(path: string, header: Header): Promise<void> {
    try {
      await execute('mkfifo', ['-m', '600', path]); // Node has no function for it.
    } catch (error) {
      return this.#options.warn(`“${header.name}” was left out: ${error instanceof Error ? error.message.trim() : String(error)}`);
    }
    await this.#own(path, header);
    await chmod(path, this.#mode(header));
    await lutimes(path, timeOf(header), timeOf(header));
  }

  async #checkParents(names: readonly string[]): Promise<void> {
    const base = this.#base ?? '';
    for (let depth = 0; depth < names.length; depth += 1) {
      const path = join(base, ...names.slice(0, depth));
      if (this.#safe.has(path)) continue;
      if (!(await statusOf(path))?.isDirectory()) throw new BerthError('InvalidArgument', `“${path}” is a symbolic link, or no directory; nothing is copied through it.`);
      this.#safe.add(path);
    }
  }

  #mode({ mode }: Header): number {
    return mode & (this.#options.archive ? 0o7777 : 0o777);
  }

  async #own(path: string, { uid, gid, pax }: Header): Promise<void> {
    if (!this.#options.archive || process.getuid?.() !== 0) return;
    const { uid: largeUid, gid: largeGid } = (pax ?? {}) as Record<string, string | undefined>;
    await lchown(path, Number(largeUid ?? uid), Number(largeGid ?? gid));
  }
}

/** What comes below the source, whose own name is the first. */
function relativeNames(name: string): string[] {
  const names = name.split('/').filter((part) => part !== '');
  if (names.slice(1).some((part) => part === '.') || names.includes('..') || names.length === 0) throw new BerthError('InvalidArgument', `The container’s archive has a name that is not allowed: “${name}”.`);
  return names.slice(1);
}

function timeOf({ mtime, pax }: Header): Date | number {
  const exact = Number((pax as Record<string, string> | null | undefined)?.['mtime']);
  return Number.isFinite(exact) ? exact : mtime;
}

async function statusOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
