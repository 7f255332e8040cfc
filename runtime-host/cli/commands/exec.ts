import type { Command } from 'commander';
import type { HostStream } from '../../client/hostStreams.ts';
import { BerthError } from '../../protocol/errors.ts';
import { maxStreamFrameBytes, runStreamPath } from '../../protocol/streams.ts';
import { attachProcess, detached } from '../attachedProcess.ts';
import { openAlone, withClient } from '../cliContext.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { DetachKeys, parseDetachKeys } from '../detachKeys.ts';
import { collect, parseEnv } from '../options.ts';
import { terminalSize } from '../terminal.ts';

interface ExecOptions {
  readonly detach?: boolean;
  readonly detachKeys?: readonly number[];
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: readonly (string | undefined)[];
  readonly workdir?: string;
  readonly user?: string;
  readonly privileged?: boolean;
}

export function addExec(parent: Command): void {
  parent
    .command('exec')
    .description('Run a further command in a running container')
    .usage('[options] CONTAINER COMMAND...')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .argument('<command...>', 'the command')
    .passThroughOptions()
    .option('-d, --detach', 'start it and leave it running')
    .option('--detach-keys <keys>', 'leave with these instead of ctrl-p,ctrl-q', parseDetachKeys)
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the process a terminal')
    .option('-e, --env <name=value>', 'set a variable, or pass on one of yours', collect((text) => parseEnv(text)))
    .option('-w, --workdir <directory>', 'the working directory')
    .option('-u, --user <user[:group]>', 'the user, by name or number')
    .option('--privileged', 'give it all capabilities, whatever the container has')
    .action(exec);
}

async function exec(container: string, command: readonly string[], options: ExecOptions): Promise<void> {
  const { interactive = false, tty: terminal = false, detach = false } = options;
  const stdin = interactive && !detach;
  if (stdin && terminal && !process.stdin.isTTY) throw new Exit(ExitStatus.failure, 'the input device is not a TTY');
  const size = terminal ? terminalSize(process.stdout) : undefined;
  const request = {
    command,
    terminal,
    stdin,
    ...(options.env && { env: options.env.filter((entry) => entry !== undefined) }),
    ...(options.workdir && { workingDirectory: options.workdir }),
    ...(options.user && { user: options.user }),
    ...(options.privileged && { privileged: true }),
    ...(size && { size }),
  };
  if (detach) return withClient((client) => client.containers.execDetached(container, request));
  const join = async (stream: HostStream): Promise<never> => {
    // As with docker, signals end only us; in a terminal Ctrl-C is a key and goes to the process.
    const status = await attachProcess(stream, { terminal, stdin, started: Promise.resolve(), detachKeys: terminal && stdin ? new DetachKeys(options.detachKeys) : undefined });
    throw new Exit(status === detached ? ExitStatus.ok : status ?? ExitStatus.ok);
  };
  const stream = await openDirectly(container, request);
  await (stream ? join(stream) : withClient(async (client) => join(await client.containers.exec(container, request))));
}

/** Undefined where that cannot be: the request is too long for one message, or the host too old. */
async function openDirectly(container: string, request: object): Promise<HostStream | undefined> {
  const longest = maxStreamFrameBytes - 1;
  if (Buffer.byteLength(JSON.stringify(request)) > longest) return undefined;
  try {
    return await openAlone(runStreamPath(container), request);
  } catch (error) {
    if (error instanceof BerthError && error.data?.['status'] === 404) return undefined;
    throw error;
  }
}
