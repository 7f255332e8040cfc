import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import type { HostConnection } from '../client/connect.ts';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import type { ContainerInfo, ContainerSpec } from '../protocol/types.ts';
import { Exit, ExitStatus } from './cliError.ts';
import { ProgressLine } from './progressLine.ts';

export type PullPolicy = 'always' | 'missing' | 'never';

export interface CreationOptions {
  readonly pull: PullPolicy;
  readonly cidfile?: string;
}

/** Options that say how a container comes into being, not what it is. */
export function addCreationOptions(command: Command): Command {
  return command
    .option('--pull <policy>', 'fetch the image: always, missing (when it is not here) or never', parsePullPolicy, 'missing')
    .option('--cidfile <file>', 'write the container\'s id to a file, which must not exist');
}

/** Pulls only when it must, and says so; elsewhere than on a terminal nothing else is said. */
export async function createContainer(client: HostConnection, spec: ContainerSpec, options: CreationOptions, signal: AbortSignal): Promise<ContainerInfo> {
  const idFile = options.cidfile === undefined ? undefined : openIdFile(options.cidfile);
  const progress = new ProgressLine(process.stderr);
  let container: ContainerInfo | undefined;
  try {
    await obtainImage(client, spec.image, options.pull, signal, progress);
    container = await client.containers.create(spec, { signal, ...(process.stderr.isTTY && { progress: progress.show }) });
    idFile?.write(container.id);
    return container;
  } catch (error) {
    idFile?.discard();
    // Its id could not be written, so whoever wants it cannot find it.
    if (container) await client.containers.remove(container.id, { volumes: true });
    throw error;
  } finally {
    progress.clear();
    idFile?.close();
  }
}

async function obtainImage(client: HostConnection, image: string, policy: PullPolicy, signal: AbortSignal, progress: ProgressLine): Promise<void> {
  if (policy !== 'always' && (await isLocal(client, image))) return;
  if (policy === 'never') throw new Exit(ExitStatus.runFailed, `The image ${image} is not here, and “--pull never” forbids fetching it. Pull it with “container image pull ${image}”.`);
  await client.images.pull(image, { signal, progress: progress.show });
}

async function isLocal(client: HostConnection, image: string): Promise<boolean> {
  try {
    await client.images.inspect(image);
    return true;
  } catch (error) {
    if (error instanceof BerthError && error.code === 'ImageNotFound') return false;
    throw error;
  }
}

/** Opened before anything is made, so that one that is there already stops everything. */
function openIdFile(path: string): { write(id: string): void; discard(): void; close(): void } {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o644);
  } catch (error) {
    const reason = isNodeError(error) && error.code === 'EEXIST' ? 'exists already. Remove it, if its container is not needed any more, or choose another' : `cannot be written: ${(error as Error).message}`;
    throw new Exit(ExitStatus.runFailed, `The file ${path} for the container’s id ${reason}.`);
  }
  const write = (id: string): void => {
    try {
      writeSync(file, id);
    } catch (error) {
      throw new Exit(ExitStatus.runFailed, `The file ${path} for the container’s id cannot be written: ${(error as Error).message}. No container was made.`);
    }
  };
  return { write, discard: () => rmSync(path, { force: true }), close: () => closeSync(file) };
}

function parsePullPolicy(text: string): PullPolicy {
  if (text === 'always' || text === 'missing' || text === 'never') return text;
  throw new InvalidArgumentError('Write always, missing or never.');
}
