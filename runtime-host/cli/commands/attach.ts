import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import { attachProcess, detached } from '../attachedProcess.ts';
import { withClient } from '../cliContext.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { DetachKeys, parseDetachKeys } from '../detachKeys.ts';
import { parseBoolean } from '../options.ts';

export function addAttach(parent: Command): void {
  parent
    .command('attach')
    .description('Join the first process of a running container (leave with Ctrl-P Ctrl-Q)')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .option('--no-stdin', 'only watch')
    .option('--detach-keys <keys>', 'leave with these instead of ctrl-p,ctrl-q', parseDetachKeys)
    .option('--sig-proxy [boolean]', 'pass signals on to the process', parseBoolean, true)
    .action(attach);
}

async function attach(container: string, options: { readonly stdin: boolean; readonly detachKeys?: readonly number[]; readonly sigProxy: boolean }): Promise<void> {
  await withClient(async (client) => {
    const { id, name, state, terminal, stdin } = await client.containers.inspect(container);
    if (state !== 'running') throw new BerthError('ContainerNotRunning', `The container “${name}” is not running. Start it with “container start ${name}”.`);
    const withInput = options.stdin && stdin;
    if (withInput && terminal && !process.stdin.isTTY) throw new Exit(ExitStatus.failure, 'the input device is not a TTY');
    const status = await attachProcess(await client.containers.attach(id), {
      terminal,
      stdin: withInput,
      started: Promise.resolve(),
      detachKeys: terminal ? new DetachKeys(options.detachKeys) : undefined,
      ...(options.sigProxy && { sendSignal: (signal: NodeJS.Signals) => client.containers.signal(id, signal) }),
    });
    throw new Exit(status === detached ? ExitStatus.ok : status ?? ExitStatus.ok);
  });
}
