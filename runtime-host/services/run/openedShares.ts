import { readdir, readlink } from 'node:fs/promises';
import { BerthError, isNodeError } from '../../protocol/errors.ts';

/**
 * Looks at which directories QEMU has really opened, before any program of the container runs. Between the check of a path
 * and QEMU's use of it a guest that may write to the folder above could have put a link in its place. To be called when the
 * guest answers: QEMU has all its devices by then.
 * @param directories by their real paths
 * @throws BerthError FolderInvalid
 */
export async function checkOpenedShares(pid: number, directories: readonly string[]): Promise<void> {
  if (directories.length === 0 || process.platform !== 'linux') return; // Elsewhere nothing tells what a process has open.
  const opened = await openedBy(pid);
  const changed = directories.find((directory) => !opened.has(directory));
  if (changed === undefined) return;
  throw new BerthError('FolderInvalid', `The folder ${changed} was replaced by something else while the container started, so it was not shared. Look who does that, and start the container again.`, { data: { path: changed } });
}

/** Real paths of what a process has open. */
async function openedBy(pid: number): Promise<ReadonlySet<string>> {
  const directory = `/proc/${pid}/fd`;
  const paths = await Promise.all((await readdir(directory)).map((descriptor) => readlink(`${directory}/${descriptor}`).catch((error: unknown) => {
    // It was closed meanwhile.
    if (isNodeError(error) && error.code === 'ENOENT') return '';
    throw error;
  })));
  return new Set(paths);
}
