import { constants } from 'node:fs';
import { open, readlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BerthError, isNodeError } from '../../protocol/errors.ts';

interface Held {
  readonly name: string;
  readonly handle: FileHandle;
}

/**
 * The way to the files of one tree, whose directories are held open: what happens to their names meanwhile (a container may
 * share the directory that its files are copied to, and put links there) does not change where files are made. That needs
 * Linux, where a path can begin at an open directory; elsewhere each directory is only looked at before.
 */
export class HeldDirectories {
  readonly #base: string;
  #root: FileHandle | undefined;
  /** Those that lead to what was asked for last. */
  readonly #way: Held[] = [];

  /** @param base the tree's own path, without links; it need not be there yet, the directory that it is in must */
  constructor(base: string) {
    this.#base = base;
  }

  /**
   * A path for the file of these names below the base, which is good until the next call.
   * @throws BerthError InvalidArgument when a directory on the way is a link, or none
   */
  async pathOf(names: readonly string[]): Promise<string> {
    const own = basename(this.#base);
    const all = own === '' ? names : [own, ...names];
    this.#root ??= await openRoot(dirname(this.#base));
    const parents = all.slice(0, -1);
    let kept = 0;
    while (kept < this.#way.length && kept < parents.length && this.#way[kept]?.name === parents[kept]) kept += 1;
    await closeAll(this.#way.splice(kept));
    for (const [depth, name] of [...parents.entries()].slice(kept)) {
      const shown = join(dirname(this.#base), ...parents.slice(0, depth + 1));
      this.#way.push({ name, handle: await openDirectory(this.#path(parents.slice(0, depth), name), shown) });
    }
    return this.#path(parents, all.at(-1) ?? '');
  }

  async close(): Promise<void> {
    await closeAll(this.#way.splice(0).reverse());
    await this.#root?.close();
    this.#root = undefined;
  }

  #path(parents: readonly string[], name: string): string {
    const handle = this.#way[parents.length - 1]?.handle ?? this.#root;
    return join(isLinux && handle ? pathOfHandle(handle) : join(dirname(this.#base), ...parents), name);
  }
}

/**
 * Opens a directory that is no link.
 * @param shown the path that an error names
 * @throws BerthError InvalidArgument
 */
export async function openDirectory(path: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (!isNodeError(error) || !['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code ?? '')) throw error;
    throw new BerthError('InvalidArgument', `“${shown}” is a symbolic link, or no directory; nothing is copied through it.`, { cause: error });
  }
}

const isLinux = process.platform === 'linux';

/** By our number and not as “self”: other programs have to find it, too. */
function pathOfHandle(handle: FileHandle): string {
  return `/proc/${process.pid}/fd/${handle.fd}`;
}

async function openRoot(path: string): Promise<FileHandle> {
  const handle = await openDirectory(path, path);
  if (!isLinux || (await readlink(pathOfHandle(handle))) === path) return handle;
  await handle.close();
  throw new BerthError('InvalidArgument', `The directory ${path} was moved or replaced just now; nothing was copied. Look who does that.`);
}

async function closeAll(way: readonly Held[]): Promise<void> {
  for (const { handle } of way) await handle.close();
}
