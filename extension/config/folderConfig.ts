import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDevContainer, DevContainerError, parseDevContainer, type DevContainer } from './devcontainer.ts';

/** Where a devcontainer.json may lie, in the order in which the specification looks. */
export const configurationFiles = ['.devcontainer/devcontainer.json', '.devcontainer.json'] as const;

export interface FolderConfig extends DevContainer {
  /** The file it was read from; absent when the folder has none. */
  readonly file?: string;
}

/** An error in a configuration file, with the file. */
export class FolderConfigError extends DevContainerError {
  readonly file: string;

  constructor(message: string, file: string, cause: unknown) {
    super(message, { cause });
    this.file = file;
  }
}

/**
 * The configuration of a folder, by its real path.
 * @throws FolderConfigError when there is one that cannot be used.
 */
export async function readFolderConfig(folder: string): Promise<FolderConfig> {
  for (const name of configurationFiles) {
    const file = join(folder, name);
    const text = await readIfPresent(file, name);
    if (text === undefined) continue;
    try {
      return { ...parseDevContainer(text, { localFolder: folder, localEnv: process.env, fileName: name }), file };
    } catch (error) {
      if (error instanceof DevContainerError) throw new FolderConfigError(error.message, file, error.cause);
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
    throw new FolderConfigError(`${name} cannot be read: ${(error as Error).message}.`, file, error);
  }
}
