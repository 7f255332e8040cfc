import type { Command } from 'commander';
import { cancellable, forEachName, print, withClient } from '../cliContext.ts';

export function addWait(parent: Command): void {
  parent
    .command('wait')
    .description('Wait until containers have stopped; print their exit status')
    .argument('<container...>', 'ids or names')
    .action(wait);
}

async function wait(names: readonly string[]): Promise<void> {
  await withClient((client) => cancellable((signal) => forEachName(names, async (name) => {
    print(`${(await client.containers.wait(name, { signal })).exitCode}\n`);
  }, false)));
}
