import type { Command } from 'commander';
import type { HostConnection } from '../../client/connect.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerInfo, ContainerSpec, Mount } from '../../protocol/types.ts';
import { attachProcess, detached } from '../attachedProcess.ts';
import { cancellable, print, withClient } from '../cliContext.ts';
import { Exit, ExitStatus, Interrupted } from '../cliError.ts';
import { ContainerEvents } from '../containerEvents.ts';
import { collect, parseCpus, parseEnv, parseLabel, parseMemory, parseMount } from '../options.ts';
import { DetachKeys } from '../detachKeys.ts';
import { ProgressLine } from '../progressLine.ts';
import { terminalSize } from '../terminal.ts';

interface RunOptions {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly detach?: boolean;
  readonly rm?: boolean;
  readonly name?: string;
  readonly env?: readonly (string | undefined)[];
  readonly workdir?: string;
  readonly user?: string;
  readonly volume?: readonly Mount[];
  readonly memory?: number;
  readonly cpus?: number;
  readonly entrypoint?: string;
  readonly label?: readonly (readonly [string, string])[];
}

export function addRun(parent: Command): void {
  parent
    .command('run')
    .description('Run a command in a new container')
    .usage('[options] IMAGE [COMMAND...]')
    .argument('<image>', 'the image, pulled when it is not here')
    .argument('[command...]', 'the command, instead of the image\'s own')
    .passThroughOptions()
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the process a terminal')
    .option('-d, --detach', 'leave it running and print its id')
    .option('--rm', 'remove the container when it has ended')
    .option('--name <name>', 'a name for the container')
    .option('-e, --env <name=value>', 'set a variable, or pass on one of yours', collect((text) => parseEnv(text)))
    .option('-w, --workdir <directory>', 'the working directory')
    .option('-u, --user <user[:group]>', 'the user, by name or number')
    .option('-v, --volume <host:target[:ro]>', 'a directory of yours that it may use', collect((text) => parseMount(text)))
    .option('-m, --memory <size>', 'memory of the virtual machine, such as 512m or 2g', parseMemory)
    .option('-c, --cpus <count>', 'processors of the virtual machine', parseCpus)
    .option('--entrypoint <program>', 'the program, instead of the image\'s entry point')
    .option('-l, --label <key=value>', 'a label', collect(parseLabel))
    .action((image: string, command: string[], options: RunOptions) => run(createSpec(image, command, options), options.detach ?? false));
}

/** What to ask the host for. @throws Exit when the options do not fit together or this terminal. */
export function createSpec(image: string, command: readonly string[], options: RunOptions): ContainerSpec {
  const { interactive = false, tty = false } = options;
  if (interactive && tty && !options.detach && !process.stdin.isTTY) throw new Exit(ExitStatus.runFailed, 'the input device is not a TTY');
  const size = tty ? terminalSize(process.stdout) : undefined;
  return {
    image,
    ...(command.length > 0 && { command }),
    ...(options.entrypoint !== undefined && { entrypoint: options.entrypoint === '' ? [] : [options.entrypoint] }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.env && { env: options.env.filter((entry) => entry !== undefined) }),
    ...(options.workdir !== undefined && { workingDirectory: options.workdir }),
    ...(options.user !== undefined && { user: options.user }),
    ...(options.volume && { mounts: options.volume }),
    ...(options.memory !== undefined && { memoryBytes: options.memory }),
    ...(options.cpus !== undefined && { cpus: options.cpus }),
    ...(options.label && { labels: Object.fromEntries(options.label) }),
    ...(options.rm && { removeOnExit: true }),
    terminal: tty,
    stdin: interactive,
    ...(size && { size }),
  };
}

async function run(spec: ContainerSpec, detach: boolean): Promise<void> {
  // One cancellable piece: a signal between two of the steps is one to the next of them.
  await withClient((client) => cancellable(async (signal, handOver) => {
    const container = await create(client, spec, signal);
    if (detach) await startDetached(client, container, signal);
    else await runAttached(client, container, signal, handOver);
  }));
}

/** Pulls only when it must, and says so; elsewhere than on a terminal nothing else is said. */
async function create(client: HostConnection, spec: ContainerSpec, signal: AbortSignal): Promise<ContainerInfo> {
  const progress = new ProgressLine(process.stderr);
  try {
    if (!(await isLocal(client, spec.image))) await client.images.pull(spec.image, { signal, progress: progress.show });
    return await client.containers.create(spec, { signal, ...(process.stderr.isTTY && { progress: progress.show }) });
  } finally {
    progress.clear();
  }
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

async function runAttached(client: HostConnection, { id, terminal, stdin }: ContainerInfo, signal: AbortSignal, handOver: () => void): Promise<void> {
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
      terminal, stdin, started, detachKeys: terminal && stdin ? new DetachKeys() : undefined,
      sendSignal: (name) => client.containers.signal(id, name),
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
