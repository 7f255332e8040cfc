import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';
import { addPruneFilter, pruneFilters, type PruneFilterOption } from '../pruneFilters.ts';

export function addVolumePrune(parent: Command): void {
  const command = parent
    .command('prune')
    .description('Remove the anonymous volumes that no container refers to')
    .option('-a, --all', 'also those with names')
    .option('-f, --force', 'do not ask');
  addPruneFilter(command, { until: false })
    .action(async ({ all = false, force = false, filter }: PruneFilterOption & { readonly all?: boolean; readonly force?: boolean }) => {
      await confirm(`This removes all ${all ? '' : 'anonymous '}volumes that no container refers to${filter ? ' and that fit the filters' : ''}, with all that is in them.`, force);
      printPruned([['volumes', await withClient((client) => client.volumes.prune({ all, ...pruneFilters(filter) }))]]);
    });
}
