import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';
import { addPruneFilter, pruneFilters, type PruneFilterOption } from '../pruneFilters.ts';

export function addImagePrune(parent: Command): void {
  const command = parent
    .command('prune')
    .description('Remove images that no container uses')
    .option('-a, --all', 'as without: an image without a name does not exist here')
    .option('-f, --force', 'do not ask');
  addPruneFilter(command, { until: true })
    .action(async ({ force = false, filter }: PruneFilterOption & { readonly force?: boolean }) => {
      await confirm(`This removes all images that no container uses${filter ? ' and that fit the filters' : ''}.`, force);
      printPruned([['images', await withClient((client) => client.images.prune(pruneFilters(filter)))]]);
    });
}
