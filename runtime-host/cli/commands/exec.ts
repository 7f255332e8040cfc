import type { Command } from 'commander';
import { attachProcess, detached } from '../attachedProcess.ts';
import { withClient } from '../cliContext.ts';
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
  await withClient(async (client) => {
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
    if (detach) return client.containers.execDetached(container, request);
    const stream = await client.containers.exec(container, request);
    // As with docker, signals end only us; in a terminal Ctrl-C is a key and goes to the process.
    const status = await attachProcess(stream, { terminal, stdin, started: Promise.resolve(), detachKeys: terminal && stdin ? new DetachKeys(options.detachKeys) : undefined });
    throw new Exit(status === detached ? ExitStatus.ok : status ?? ExitStatus.ok);
  });
}
