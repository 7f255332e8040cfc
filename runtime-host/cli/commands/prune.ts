import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';
import { addPruneFilter, pruneFilters, type PruneFilterOption } from '../pruneFilters.ts';

/** `container prune`: this command is `container` itself, so the verb stands at the top. */
export function addPrune(parent: Command): void {
  const command = parent
    .command('prune')
    .description('Remove all containers that do not run')
    .option('-f, --force', 'do not ask');
  addPruneFilter(command, { until: true })
    .action(async ({ force = false, filter }: PruneFilterOption & { readonly force?: boolean }) => {
      await confirm(`This removes all containers that do not run${filter ? ' and fit the filters' : ''}, with their files.`, force);
      printPruned([['containers', await withClient((client) => client.containers.prune(pruneFilters(filter)))]]);
    });
}
