import type { Command } from 'commander';
import type { HostConnection } from '../../client/connect.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerInfo, ContainerSpec } from '../../protocol/types.ts';
import { attachProcess, detached } from '../attachedProcess.ts';
import { cancellable, print, withClient } from '../cliContext.ts';
import { Exit, ExitStatus, Interrupted } from '../cliError.ts';
import { addCreationOptions, createContainer, type CreationOptions } from '../containerCreation.ts';
import { ContainerEvents } from '../containerEvents.ts';
import { addContainerOptions, createSpec } from '../containerOptions.ts';
import { DetachKeys, parseDetachKeys } from '../detachKeys.ts';
import { parseBoolean } from '../options.ts';

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
    else await runAttached(client, container, options, signal, handOver);
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

async function runAttached(client: HostConnection, { id, terminal, stdin }: ContainerInfo, options: RunOptions, signal: AbortSignal, handOver: () => void): Promise<void> {
  const events = new ContainerEvents(client, id);
  let ran = false;
  const started = events.started.then(() => { ran = true; });
  try {
    throwIfInterrupted(signal);
    const stream = await client.containers.attach(id, { start: true, signal });
    if (signal.aborted) stream.close();
    throwIfInterrupted(signal);
    // Whatever it prints, it runs.
    stream.stdout.once('data', events.noticeRunning);
    const joined = attachProcess(stream, {
      terminal, stdin, started, detachKeys: terminal && stdin ? new DetachKeys(options.detachKeys) : undefined,
      ...(options.sigProxy && { sendSignal: (name: NodeJS.Signals) => client.containers.signal(id, name) }),
    });
    handOver();
    const status = await joined;
    if (status === detached) return;
    await untilSettled(client, id);
    throw new Exit(status ?? ExitStatus.ok);
  } catch (error) {
    if (!ran && (error instanceof Interrupted || !(error instanceof Exit))) await discard(client, id);
    throw error;
  } finally {
    events.dispose();
  }
}

/** For a signal that came too late to cancel the request before, but not too late. */
function throwIfInterrupted(signal: AbortSignal): void {
  signal.throwIfAborted();
}

/** Until the host has recorded its end, or removed it for that. */
async function untilSettled(client: HostConnection, id: string): Promise<void> {
  try {
    await client.containers.wait(id);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'ContainerNotFound') throw error;
  }
}

/** A container that never ran is of no use to anyone. */
async function discard(client: HostConnection, id: string): Promise<void> {
  try {
    await client.containers.remove(id, { force: true });
  } catch (error) {
    // Gone already, or the host is: the failure that brought us here is the one to report.
    if (!(error instanceof BerthError)) throw error;
  }
}
