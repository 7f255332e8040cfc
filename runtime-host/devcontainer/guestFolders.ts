import { posix } from 'node:path';

/** Folders that tools fill with many small files, by the files that tell that they will. */
const likely: readonly (readonly [sign: RegExp, folder: string])[] = [
  [/^package\.json$/, 'node_modules'],
  [/^Cargo\.toml$/, 'target'],
  [/^(pyproject\.toml|requirements.*\.txt|setup\.py)$/, '.venv'],
  [/^composer\.json$/, 'vendor'],
];

/** Folders of a workspace that are faster on the container’s own disk, by the names in its top level. */
export function likelyGuestFolders(names: readonly string[]): string[] {
  return likely.filter(([sign]) => names.some((name) => sign.test(name))).map(([, folder]) => folder);
}

/** Whether a text names a folder inside the workspace, and not the workspace itself. */
export function isGuestFolder(name: string): boolean {
  const normal = posix.normalize(name);
  return name.trim() !== '' && !posix.isAbsolute(name) && normal !== '.' && normal !== './' && normal !== '..' && !normal.startsWith('../') && !name.includes('\0') && !name.includes('$');
}
