import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lchown, link, lstat, lutimes, mkdir, rename, rm, symlink, type FileHandle } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { extract, type Extract, type Header } from 'tar-stream';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { assertions } from './copyArguments.ts';
import { HeldDirectories, openDirectory } from './heldDirectories.ts';
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
    await unpacker.close();
    throw lost ?? error;
  }
  try {
    await feeding;
    await unpacker.finish();
  } finally {
    await unpacker.close();
  }
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

interface MadeDirectory { readonly names: readonly string[]; readonly header: Header }

class Unpacker {
  readonly #options: UnpackOptions;
  readonly #directories: MadeDirectory[] = [];
  #base: string | undefined;
  #files: HeldDirectories | undefined;
  /** Hard links need two ways at once. */
  #targets: HeldDirectories | undefined;

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  async add(header: Header, content: AsyncIterable<Uint8Array>): Promise<void> {
    const names = relativeNames(header.name);
    this.#base ??= targetFor({ name: basename(join('/', this.#options.sourcePath)), directory: header.type === 'directory', contents: assertions(this.#options.sourcePath).contents }, this.#options.destination);
    this.#files ??= new HeldDirectories(this.#base);
    if (header.name.includes('\ufffd')) this.#options.warn(`The name of “${header.name}” is not UTF-8; it was changed.`);
    const path = await this.#files.pathOf(names);
    const there = await statusOf(path);
    const shown = join(this.#base, ...names);
    if (header.type === 'directory') return this.#directory(names, path, header, there);
    if (there?.isDirectory()) throw new BerthError('InvalidArgument', `The directory “${shown}” cannot be overwritten with something else.`);
    if (header.type === 'file' || header.type === 'contiguous-file') return this.#file(path, header, content);
    if (header.type === 'character-device' || header.type === 'block-device') return this.#options.warn(`“${header.name}” was left out: devices are not made here.`);
    if (there) await rm(path);
    if (header.type === 'fifo') return this.#pipe(path, header);
    if (header.type === 'symlink') {
      await symlink(header.linkname, path);
      if (this.#keepsOwner) await lchown(path, ...ownerOf(header));
      await lutimes(path, timeOf(header), timeOf(header));
    } else {
      this.#targets ??= new HeldDirectories(this.#base);
      await link(await this.#targets.pathOf(relativeNames(header.linkname)), path);
    }
  }

  /** Directories get their modes and times last: what is made in them needs the one and changes the other. */
  async finish(): Promise<void> {
    if (this.#base === undefined || !this.#files) throw new BerthError('Internal', 'The runtime host sent no files.');
    for (const { names, header } of this.#directories.reverse()) {
      const directory = await openDirectory(await this.#files.pathOf(names), join(this.#base, ...names));
      try {
        await this.#describe(directory, header);
      } finally {
        await directory.close();
      }
    }
  }

  async close(): Promise<void> {
    await this.#files?.close();
    await this.#targets?.close();
  }

  async #directory(names: readonly string[], path: string, header: Header, there: Stats | undefined): Promise<void> {
    const shown = join(this.#base ?? '', ...names);
    if (there && !there.isDirectory()) throw new BerthError('InvalidArgument', `“${shown}” is not a directory and cannot be overwritten with one.`);
    if (!there) await mkdir(path, { mode: 0o700 });
    else if (names.length === 0 && assertions(this.#options.sourcePath).contents) return; // The destination itself stays as it is.
    else if ((there.mode & 0o700) !== 0o700) await this.#makeUsable(path, shown, there.mode);
    this.#directories.push({ names, header });
  }

  async #makeUsable(path: string, shown: string, mode: number): Promise<void> {
    const directory = await openDirectory(path, shown);
    try {
      await directory.chmod((mode & 0o7777) | 0o700);
    } finally {
      await directory.close();
    }
  }

  /** Under a name of its own first: whoever gives up keeps the old file. */
  async #file(path: string, header: Header, content: AsyncIterable<Uint8Array>): Promise<void> {
    const temporary = join(dirname(path), `.berth-${randomBytes(8).toString('hex')}`);
    try {
      await writeSparse(temporary, content, header.size, (file) => this.#describe(file, header));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #pipe(path: string, header: Header): Promise<void> {
    const mode = ((header.mode ?? 0) & 0o777).toString(8);
    try {
      await execute('mkfifo', ['-m', mode, path]); // Node has no function for it.
    } catch (error) {
      return this.#options.warn(`“${header.name}” was left out: ${error instanceof Error ? error.message.trim() : String(error)}`);
    }
    if (this.#keepsOwner) await lchown(path, ...ownerOf(header));
    await lutimes(path, timeOf(header), timeOf(header));
  }

  /** A new owner takes bits of the mode away, so it comes first. */
  async #describe(file: FileHandle, header: Header): Promise<void> {
    if (this.#keepsOwner) await file.chown(...ownerOf(header));
    await file.chmod(this.#mode(header));
    await file.utimes(timeOf(header), timeOf(header));
  }

  get #keepsOwner(): boolean {
    return this.#options.archive && process.getuid?.() === 0;
  }

  #mode({ mode }: Header): number {
    return mode & (this.#options.archive ? 0o7777 : 0o777);
  }
}

function ownerOf({ uid, gid, pax }: Header): [number, number] {
  const { uid: largeUid, gid: largeGid } = (pax ?? {}) as Record<string, string | undefined>;
  return [Number(largeUid ?? uid), Number(largeGid ?? gid)];
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
