import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';

export function addUnshare(parent: Command): void {
  parent
    .command('unshare')
    .description('Take a directory away from a container; files that are open there give errors from then on')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .argument('<target>', 'its place in the container')
    .action(async (container: string, target: string) => {
      await withClient((client) => client.containers.unshare(container, target));
    });
}
