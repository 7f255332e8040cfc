import type { Command } from 'commander';
import { forEachName, withClient } from '../cliContext.ts';

export function addNetworkRemove(parent: Command): void {
  parent
    .command('rm')
    .aliases(['delete', 'remove'])
    .description('Remove networks that no container refers to')
    .argument('<network...>', 'names')
    .option('-f, --force', 'no error when there is no such network')
    .action((names: string[], { force = false }: { force?: boolean }) =>
      withClient((client) => forEachName(names, (name) => client.networks.remove(name, { force }))));
}
