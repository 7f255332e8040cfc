import type { Command } from 'commander';
import { withClient } from '../cliContext.ts';

export function addSystemStart(parent: Command): void {
  parent
    .command('start')
    .description('Start the runtime host, where it does not run yet (other commands do so by themselves)')
    .action(async () => {
      const { pid } = await withClient((client) => client.system.status());
      process.stderr.write(`The runtime host is running (process ${pid}).\n`);
    });
}
