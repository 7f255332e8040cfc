import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { defaultDevContainer, parseDevContainer, type DevContainer } from './devcontainer.ts';

/** Where a devcontainer.json may lie, in the order in which the specification looks. */
export const configurationFiles = ['.devcontainer/devcontainer.json', '.devcontainer.json'] as const;

export interface FolderConfig extends DevContainer {
  /** The file it was read from; absent when the folder has none. */
  readonly file?: string;
}

/**
 * The configuration of a folder, by its real path.
 * @throws BerthError DevContainerInvalid, with the path as `file`, when there is one that cannot be used.
 */
export async function readFolderConfig(folder: string): Promise<FolderConfig> {
  for (const name of configurationFiles) {
    const file = join(folder, name);
    const text = await readIfPresent(file, name);
    if (text === undefined) continue;
    try {
      return { ...parseDevContainer(text, { localFolder: folder, localEnv: process.env, fileName: name }), file };
    } catch (error) {
      if (error instanceof BerthError) throw new BerthError(error.code, error.message, { cause: error.cause, data: { ...error.data, file } });
      throw error;
    }
  }
  return defaultDevContainer({ localFolder: folder, localEnv: process.env });
}

async function readIfPresent(file: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new BerthError('DevContainerInvalid', `${name} cannot be read: ${(error as Error).message}.`, { cause: error, data: { file } });
  }
}
