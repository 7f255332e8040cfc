import type { Command } from 'commander';
import { cancellable, forEachName, withClient } from '../cliContext.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { parseDetachKeys } from '../detachKeys.ts';
import { parseBoolean } from '../options.ts';
import { startAttached } from '../startAttached.ts';

interface StartOptions {
  readonly attach?: boolean;
  readonly interactive?: boolean;
  readonly detachKeys?: readonly number[];
  readonly sigProxy: boolean;
}

export function addStart(parent: Command): void {
  parent
    .command('start')
    .description('Start containers that are not running')
    .argument('<container...>', 'ids or names')
    .option('-a, --attach', 'show what it prints, and end with its status')
    .option('-i, --interactive', 'pass standard input on, too')
    .option('--detach-keys <keys>', 'leave with these instead of ctrl-p,ctrl-q', parseDetachKeys)
    .option('--sig-proxy [boolean]', 'pass signals on to the process', parseBoolean, true)
    .action((names: string[], options: StartOptions) => (options.attach || options.interactive ? startOne(names, options) : start(names)));
}

async function start(names: readonly string[]): Promise<void> {
  await withClient((client) => cancellable((signal) => forEachName(names, (name) => client.containers.start(name, { signal }))));
}

async function startOne(names: readonly string[], options: StartOptions): Promise<void> {
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) throw new Exit(ExitStatus.failure, 'One container at a time can be started and joined.');
  await withClient((client) => cancellable(async (signal, handOver) => {
    const info = await client.containers.inspect(name);
    const stdin = (options.interactive ?? false) && info.stdin;
    if (stdin && info.terminal && !process.stdin.isTTY) throw new Exit(ExitStatus.failure, 'the input device is not a TTY');
    if (info.state !== 'running') return startAttached(client, info, { ...options, stdin, signal, handOver });
    throw new Exit(ExitStatus.failure, `Container “${info.name}” is running already. Join it with “container attach ${info.name}”.`);
  }));
}
