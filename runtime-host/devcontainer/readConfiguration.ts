import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BerthError } from '../protocol/errors.ts';
import { readConfigurationText, refuseUnsupported } from './configurationText.ts';
import { defaultTarget } from './devcontainer.ts';
import { configurationFiles } from './folderConfig.ts';
import { metadataLabel, readImageMetadata } from './imageMetadata.ts';
import { mergeConfiguration, type Configuration, type MergedConfiguration } from './mergeConfiguration.ts';
import { substitute, type Variables } from './variables.ts';

/* What the public command line `devcontainer read-configuration` prints. */

export interface ReadConfigurationOptions {
  /** Absolute. */
  readonly workspaceFolder: string;
  /** Absolute path of the configuration, instead of one of the usual places. */
  readonly file?: string;
  /** Absolute path of a file that is read in its place. */
  readonly overrideFile?: string;
  readonly localEnv: NodeJS.ProcessEnv;
  /** Labels of an image; given when the merged configuration is wanted, too. */
  readonly labelsOf?: (image: string) => Promise<Readonly<Record<string, string>>>;
}

export interface ReadConfiguration {
  /** The file with its variables replaced, and where it lies. */
  readonly configuration: Configuration;
  readonly workspace: { readonly workspaceFolder: unknown; readonly workspaceMount?: unknown };
  readonly mergedConfiguration?: MergedConfiguration;
}

/** @throws BerthError DevContainerInvalid when there is no file, it is not JSON, or nothing can be merged with it */
export async function readConfiguration({ workspaceFolder: folder, file, overrideFile, localEnv, labelsOf }: ReadConfigurationOptions): Promise<ReadConfiguration> {
  const place = file ?? (await usualPlace(folder)) ?? (overrideFile === undefined ? undefined : join(folder, configurationFiles[0]));
  if (place === undefined) throw new BerthError('DevContainerInvalid', `${folder} has no devcontainer.json. Looked for ${configurationFiles.join(' and ')}; name another one with --config.`);
  const path = overrideFile ?? place;
  const text = await readText(path);
  const written = readConfigurationText(text, path);
  const variables: Variables = { localFolder: folder, localEnv };
  const workspace = workspaceOf(substitute(written, variables, path), folder);
  const known: Variables = { ...variables, ...(typeof workspace.workspaceFolder === 'string' && { containerFolder: workspace.workspaceFolder }) };
  const configuration = {
    ...substitute(written, known, path),
    // As VS Code writes a path: a folder's own file belongs to its window's machine.
    configFilePath: { $mid: 1, fsPath: place, path: place, scheme: file === undefined ? 'vscode-fileHost' : 'file' },
  };
  if (!labelsOf) return { configuration, workspace };
  return { configuration, workspace, mergedConfiguration: await merge(configuration, text, path, known, labelsOf) };
}

async function merge(configuration: Configuration, text: string, path: string, variables: Variables, labelsOf: NonNullable<ReadConfigurationOptions['labelsOf']>): Promise<MergedConfiguration> {
  refuseUnsupported(text, path);
  const { image } = configuration;
  if (typeof image !== 'string' || image === '') throw new BerthError('DevContainerInvalid', `${path} names no image whose metadata could be merged. Add “image”.`);
  const metadata = readImageMetadata(await labelsOf(image)) ?? [];
  return mergeConfiguration(configuration, substitute(metadata, variables, metadataLabel));
}

async function usualPlace(folder: string): Promise<string | undefined> {
  for (const name of configurationFiles) {
    const path = join(folder, name);
    if (await access(path).then(() => true, () => false)) return path;
  }
  return undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(resolve(path), 'utf8');
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new BerthError('DevContainerInvalid', isAbsent ? `The configuration ${path} does not exist.` : `${path} cannot be read: ${(error as Error).message}.`, { cause: error, data: { file: path } });
  }
}

/** Where the folder would be in the container; Docker Compose shares it itself. */
function workspaceOf(written: Configuration, folder: string): ReadConfiguration['workspace'] {
  const { workspaceFolder, workspaceMount } = written;
  if (written['dockerComposeFile'] !== undefined) return { workspaceFolder: workspaceFolder || '/' };
  const target = defaultTarget(folder);
  const fields = ['type=bind', `source=${folder}`, `target=${target}`].map((field) => (field.includes(',') ? `"${field}"` : field));
  return { workspaceFolder: workspaceFolder || target, workspaceMount: 'workspaceMount' in written ? workspaceMount : fields.join(',') };
}
