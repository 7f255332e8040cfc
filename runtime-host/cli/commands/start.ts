import type { Command } from 'commander';
import { cancellable, forEachName, withClient } from '../cliContext.ts';

export function addStart(parent: Command): void {
  parent
    .command('start')
    .description('Start containers that are not running')
    .argument('<container...>', 'ids or names')
    .action((names: string[]) => withClient((client) => cancellable((signal) => forEachName(names, (name) => client.containers.start(name, { signal })))));
}
