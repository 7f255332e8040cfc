import { resolve } from 'node:path';
import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import { print, withClient } from '../cliContext.ts';

interface Options {
  readonly workspaceFolder: string;
  readonly config?: string;
  readonly overrideConfig?: string;
  readonly includeMergedConfiguration?: boolean;
}

export function addReadConfiguration(parent: Command): void {
  const path = (text: string): string => resolve(text);
  parent
    .command('read-configuration')
    .description('Print a folder’s configuration as JSON, with its variables replaced')
    .option('--workspace-folder <directory>', 'the folder; the current one without it', path, process.cwd())
    .option('--config <file>', 'the devcontainer.json to read, instead of the folder’s', path)
    .option('--override-config <file>', 'a file to read in place of the folder’s', path)
    .option('--include-merged-configuration', 'add what comes out together with the image’s metadata; the image must be local')
    .action(readAndPrint);
}

async function readAndPrint({ workspaceFolder, config, overrideConfig, includeMergedConfiguration }: Options): Promise<void> {
  const { readConfiguration } = await import('../../devcontainer/readConfiguration.ts');
  print(`${JSON.stringify(await readConfiguration({
    workspaceFolder, localEnv: process.env,
    ...(config !== undefined && { file: config }),
    ...(overrideConfig !== undefined && { overrideFile: overrideConfig }),
    ...(includeMergedConfiguration && { labelsOf }),
  }))}\n`);
}

/** Only an image that is local tells its labels. */
async function labelsOf(image: string): Promise<Readonly<Record<string, string>>> {
  return withClient(async (client) => (await client.images.inspect(image)).labels ?? {}).catch((error: unknown) => {
    if (!(error instanceof BerthError) || error.code !== 'ImageNotFound') throw error;
    throw new BerthError('ImageNotFound', `The image ${image} is not local, so its metadata is not known. Pull it with “container image pull ${image}”.`, { cause: error });
  });
}
