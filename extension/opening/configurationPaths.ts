import { basename, dirname } from 'node:path';

/** The folder that a configuration is for, when its path is one where a folder's configuration may lie. */
export function folderOfConfiguration(file: string): string | undefined {
  const name = basename(file);
  if (name === '.devcontainer.json') return dirname(file);
  if (name !== 'devcontainer.json') return undefined;
  const directory = dirname(file);
  if (basename(directory) === '.devcontainer') return dirname(directory);
  if (basename(dirname(directory)) === '.devcontainer') return dirname(dirname(directory));
  return undefined;
}
