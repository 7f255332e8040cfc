import type { Command } from 'commander';
import type { HostConnection } from '../../client/connect.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerInfo, ContainerSpec } from '../../protocol/types.ts';
import { cancellable, print, withClient } from '../cliContext.ts';
import { addCreationOptions, createContainer, type CreationOptions } from '../containerCreation.ts';
import { addContainerOptions, createSpec } from '../containerOptions.ts';
import { parseDetachKeys } from '../detachKeys.ts';
import { parseBoolean } from '../options.ts';
import { startAttached, throwIfInterrupted } from '../startAttached.ts';

interface RunOptions extends CreationOptions {
  readonly detach?: boolean;
  readonly detachKeys?: readonly number[];
  readonly sigProxy: boolean;
}

export function addRun(parent: Command): void {
  const command = parent
    .command('run')
    .description('Run a command in a new container')
    .option('-d, --detach', 'leave it running and print its id')
    .option('--detach-keys <keys>', 'leave with these instead of ctrl-p,ctrl-q', parseDetachKeys)
    .option('--sig-proxy [boolean]', 'pass signals on to the process', parseBoolean, true);
  addContainerOptions(addCreationOptions(command))
    .action((image: string, words: string[], options: RunOptions & Record<string, unknown>) => run(createSpec(image, words, options), options));
}

async function run(spec: ContainerSpec, options: RunOptions): Promise<void> {
  // One cancellable piece: a signal between two of the steps is one to the next of them.
  await withClient((client) => cancellable(async (signal, handOver) => {
    const container = await createContainer(client, spec, options, signal);
    if (options.detach) await startDetached(client, container, signal);
    else await startAttached(client, container, { ...options, stdin: container.stdin, discard: () => discard(client, container.id), signal, handOver });
  }));
}

async function startDetached(client: HostConnection, { id }: ContainerInfo, signal: AbortSignal): Promise<void> {
  try {
    throwIfInterrupted(signal);
    await client.containers.start(id, { signal });
  } catch (error) {
    await discard(client, id);
    throw error;
  }
  print(`${id}\n`);
}

/** A container that never ran is of no use to anyone. */
async function discard(client: HostConnection, id: string): Promise<void> {
  try {
    await client.containers.remove(id, { force: true, volumes: true });
  } catch (error) {
    // Gone already, or the host is: the failure that brought us here is the one to report.
    if (!(error instanceof BerthError)) throw error;
  }
}
