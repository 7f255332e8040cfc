import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';

/** `container prune`: this command is `container` itself, so the verb stands at the top. */
export function addPrune(parent: Command): void {
  parent
    .command('prune')
    .description('Remove all containers that do not run')
    .option('-f, --force', 'do not ask')
    .action(async ({ force = false }: { readonly force?: boolean }) => {
      await confirm('This removes all containers that do not run, with their files.', force);
      printPruned([['containers', await withClient((client) => client.containers.prune())]]);
    });
}
