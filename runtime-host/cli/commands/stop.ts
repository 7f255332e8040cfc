import type { Command } from 'commander';
import { cancellable, forEachName, withClient } from '../cliContext.ts';
import { parseCount } from '../options.ts';

export function addStop(parent: Command): void {
  parent
    .command('stop')
    .description('Stop running containers: their stop signal, and after a while SIGKILL')
    .argument('<container...>', 'ids or names')
    .option('-t, --time <seconds>', 'how long to wait before SIGKILL (default 10)', parseCount)
    .action(stop);
}

async function stop(names: readonly string[], { time }: { readonly time?: number }): Promise<void> {
  const timeout = time === undefined ? {} : { timeoutSeconds: time };
  await withClient((client) => cancellable((signal) => forEachName(names, (name) => client.containers.stop(name, { signal, ...timeout }))));
}
