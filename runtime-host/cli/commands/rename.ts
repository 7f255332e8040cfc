import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';

export function addRename(parent: Command): void {
  parent
    .command('rename')
    .description('Give a container another name')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .argument('<name>', 'the new name')
    .action(async (container: string, name: string) => {
      await withClient((client) => client.containers.rename(container, name));
    });
}
