import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '../protocol/errors.ts';
import type { ImageInfo } from '../protocol/types.ts';
import { defaultDevContainer, parseDevContainer, type DevContainer } from './devcontainer.ts';
import { nameOfConfiguration } from './jsonText.ts';

/** Where a devcontainer.json may lie, in the order in which the specification looks; also as `.devcontainer/DIRECTORY/devcontainer.json`. */
export const configurationFiles = ['.devcontainer/devcontainer.json', '.devcontainer.json'] as const;

export interface FolderConfig extends DevContainer {
  /** The file it was read from; absent when the folder has none. */
  readonly file?: string;
}

/** One of the configurations that a folder has. */
export interface ConfigurationFile {
  /** Absolute path. */
  readonly file: string;
  /** Seen from the folder, with `/`. */
  readonly relativePath: string;
  /** What it calls itself; absent when it does not, or cannot be read. */
  readonly name?: string;
}

/**
 * The configurations of a folder, by its real path, in the order in which the specification looks for them.
 * @throws BerthError DevContainerInvalid when `.devcontainer` cannot be listed
 */
export async function readFolderConfigs(folder: string): Promise<ConfigurationFile[]> {
  const nested = (await directoriesIn(join(folder, '.devcontainer'))).map((name) => `.devcontainer/${name}/devcontainer.json`);
  const found = await Promise.all([...configurationFiles, ...nested].map(async (relativePath) => {
    const file = join(folder, relativePath);
    const text = await readIfPresent(file, relativePath).catch(() => '');
    if (text === undefined) return [];
    const name = nameOfConfiguration(text);
    return [{ file, relativePath, ...(name !== undefined && { name }) }];
  }));
  return found.flat();
}

export interface ReadOptions {
  /** Absolute path of the configuration to read; without it, the first of {@link readFolderConfigs} that has no directory of its own. */
  readonly file?: string;
  /** Whose labels have a say, once it is local. */
  readonly image?: ImageInfo;
}

/**
 * The configuration of a folder, by its real path.
 * @throws BerthError DevContainerInvalid, with the path as `file`, when there is one that cannot be used.
 */
export async function readFolderConfig(folder: string, { file, image }: ReadOptions = {}): Promise<FolderConfig> {
  const context = { localFolder: folder, localEnv: process.env, ...(image?.labels && { imageLabels: image.labels }) };
  const candidates = file === undefined ? configurationFiles.map((name) => ({ path: join(folder, name), name })) : [{ path: file, name: shownName(folder, file) }];
  for (const { path, name } of candidates) {
    const text = await readIfPresent(path, name);
    if (text === undefined) continue;
    try {
      return { ...parseDevContainer(text, { ...context, fileName: name, file: path }), file: path };
    } catch (error) {
      if (error instanceof BerthError) throw new BerthError(error.code, error.message, { cause: error.cause, data: { ...error.data, file: path } });
      throw error;
    }
  }
  if (file !== undefined) throw new BerthError('DevContainerInvalid', `The configuration ${file} does not exist. Choose another one.`, { data: { file } });
  return defaultDevContainer(context);
}

function shownName(folder: string, file: string): string {
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file;
}

async function directoriesIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new BerthError('DevContainerInvalid', `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

async function readIfPresent(file: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new BerthError('DevContainerInvalid', `${name} cannot be read: ${(error as Error).message}.`, { cause: error, data: { file } });
  }
}

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
