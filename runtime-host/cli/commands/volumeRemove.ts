import type { Command } from 'commander';
import { forEachName, withClient } from '../cliContext.ts';

export function addVolumeRemove(parent: Command): void {
  parent
    .command('rm')
    .alias('delete')
    .description('Remove volumes with all that is in them')
    .argument('<volume...>', 'names')
    .option('-f, --force', 'no error when there is no such volume')
    .action((names: string[], { force = false }: { force?: boolean }) =>
      withClient((client) => forEachName(names, (name) => client.volumes.remove(name, { force }))));
}
