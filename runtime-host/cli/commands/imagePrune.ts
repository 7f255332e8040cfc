import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';

export function addImagePrune(parent: Command): void {
  parent
    .command('prune')
    .description('Remove images that no container uses')
    .option('-a, --all', 'as without: an image without a name does not exist here')
    .option('-f, --force', 'do not ask')
    .action(async ({ force = false }: { readonly force?: boolean }) => {
      await confirm('This removes all images that no container uses.', force);
      printPruned([['images', await withClient((client) => client.images.prune())]]);
    });
}
