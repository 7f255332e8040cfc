import type { Command } from 'commander';
import { forEachName, withClient } from '../cliContext.ts';

export function addRemove(parent: Command): void {
  parent
    .command('rm')
    .alias('delete')
    .description('Remove containers with their disks')
    .argument('<container...>', 'ids or names')
    .option('-f, --force', 'also those that run')
    .option('-v, --volumes', 'with their anonymous volumes')
    .action((names: string[], { force = false, volumes = false }: { force?: boolean; volumes?: boolean }) =>
      // As with docker, what is gone already is what -f wants.
      withClient((client) => forEachName(names, (name) => client.containers.remove(name, { force, volumes }), true, ({ code }) => force && code === 'ContainerNotFound')));
}
