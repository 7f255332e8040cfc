import type { Command } from 'commander';
import { cancellable, forEachName, print, withClient } from '../cliContext.ts';
import { Exit } from '../cliError.ts';

export function addWait(parent: Command): void {
  parent
    .command('wait')
    .description('Wait until containers have stopped; print their exit status and end with it')
    .argument('<container...>', 'ids or names')
    .action(wait);
}

async function wait(names: readonly string[]): Promise<void> {
  let status = 0;
  await withClient((client) => cancellable((signal) => forEachName(names, async (name) => {
    status = (await client.containers.wait(name, { signal })).exitCode;
    print(`${status}\n`);
  }, false)));
  throw new Exit(status);
}
