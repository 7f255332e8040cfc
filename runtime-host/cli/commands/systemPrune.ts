import type { Command } from 'commander';
import type { PruneResult } from '../../protocol/types.ts';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';

export function addSystemPrune(parent: Command): void {
  parent
    .command('prune')
    .description('Remove containers that do not run, and with -a images that no container uses')
    .option('-a, --all', 'images too')
    .option('-f, --force', 'do not ask')
    .action(prune);
}

async function prune({ all = false, force = false }: { readonly all?: boolean; readonly force?: boolean }): Promise<void> {
  await confirm(`This removes all containers that do not run${all ? ', and then all images that no container uses' : ''}.`, force);
  await withClient(async (client) => {
    const results: [string, PruneResult][] = [['containers', await client.containers.prune()]];
    if (all) results.push(['images', await client.images.prune()]);
    printPruned(results);
  });
}
