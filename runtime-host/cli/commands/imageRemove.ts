import type { Command } from 'commander';
import { forEachName, withClient } from '../cliContext.ts';

export function addImageRemove(parent: Command): void {
  parent
    .command('rm')
    .alias('delete')
    .description('Remove images')
    .argument('<reference...>', 'references')
    .option('-f, --force', 'also those that containers use')
    .action((references: string[], { force = false }: { force?: boolean }) =>
      withClient((client) => forEachName(references, (reference) => client.images.remove(reference, { force }))));
}
