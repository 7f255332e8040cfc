import type { Command } from 'commander';
import { cancellable, forEachName, withClient } from '../cliContext.ts';
import { parseCount } from '../options.ts';

export function addRestart(parent: Command): void {
  parent
    .command('restart')
    .description('Stop containers, if they run, and start them')
    .argument('<container...>', 'ids or names')
    .option('-t, --time <seconds>', 'how long the process may take to end before it is killed', parseCount)
    .action(restart);
}

async function restart(names: readonly string[], { time }: { readonly time?: number }): Promise<void> {
  await withClient((client) => cancellable((signal) =>
    forEachName(names, (name) => client.containers.restart(name, { signal, ...(time !== undefined && { timeoutSeconds: time }) }))));
}
