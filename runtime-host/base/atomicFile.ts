import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporarySuffix } from '../protocol/paths.ts';

/** Replaces a file by this content. @see replaceFile */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await replaceFile(path, (file) => file.writeFile(content), mode);
}

/**
 * Replaces a file so that a reader, or a crash at any instant, sees the old content or the new and nothing between:
 * temporary name, fsync, rename, fsync of the directory.
 * @param write fills the new file
 */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>, mode = 0o600): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

const temporaryPattern = new RegExp(`\\.[0-9a-f]{12}\\${temporarySuffix}$`);

/** A name beside a file for what will take its place. */
export function temporaryName(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}${temporarySuffix}`;
}

/** Removes what a killed host was just writing. Only for the directory's owner, before it writes there itself. */
export async function removeTemporaries(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (temporaryPattern.test(name)) await rm(join(directory, name), { force: true });
  }
}

/** Makes renames and removals in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
