import type { Command } from 'commander';
import { forEachName, withClient } from '../cliContext.ts';

export function addKill(parent: Command): void {
  parent
    .command('kill')
    .description('Send a signal to the first process of running containers')
    .argument('<container...>', 'ids or names')
    .option('-s, --signal <signal>', 'the signal, by name or number', 'SIGKILL')
    .action((names: string[], { signal }: { signal: string }) =>
      withClient((client) => forEachName(names, (name) => client.containers.signal(name, signal))));
}
