import type { Command } from 'commander';
import type { PruneResult } from '../../protocol/types.ts';
import { withClient } from '../cliContext.ts';
import { confirm } from '../confirm.ts';
import { printPruned } from '../prunedOutput.ts';

export function addSystemPrune(parent: Command): void {
  parent
    .command('prune')
    .description('Remove containers that do not run, and what no container uses then: networks, and with options more')
    .option('-a, --all', 'images, too')
    .option('--volumes', 'anonymous volumes, too')
    .option('-f, --force', 'do not ask')
    .action(prune);
}

async function prune({ all = false, volumes = false, force = false }: { readonly all?: boolean; readonly volumes?: boolean; readonly force?: boolean }): Promise<void> {
  const further = ['networks', ...(all ? ['images'] : []), ...(volumes ? ['anonymous volumes'] : [])];
  const last = further.pop();
  await confirm(`This removes all containers that do not run, and then all ${further.length > 0 ? `${further.join(', ')} and ` : ''}${last} that no container uses.`, force);
  await withClient(async (client) => {
    const results: [string, PruneResult][] = [['containers', await client.containers.prune()], ['networks', await client.networks.prune()]];
    if (all) results.push(['images', await client.images.prune()]);
    if (volumes) results.push(['volumes', await client.volumes.prune()]);
    printPruned(results);
  });
}
