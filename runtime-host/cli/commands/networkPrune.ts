import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printRemoved } from '../prunedOutput.ts';
import { addPruneFilter, pruneFilters, type PruneFilterOption } from '../pruneFilters.ts';

export function addNetworkPrune(parent: Command): void {
  const command = parent
    .command('prune')
    .description('Remove the networks that no container refers to')
    .option('-f, --force', 'do not ask');
  addPruneFilter(command, { until: true })
    .action(async ({ force = false, filter }: PruneFilterOption & { readonly force?: boolean }) => {
      await confirm(`This removes all networks that no container refers to${filter ? ' and that fit the filters' : ''}, but for the default one.`, force);
      // They take no room.
      printRemoved([['networks', await withClient((client) => client.networks.prune(pruneFilters(filter)))]]);
    });
}
