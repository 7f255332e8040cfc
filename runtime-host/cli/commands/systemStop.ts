import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import { withClient } from '../cliContext.ts';

export function addSystemStop(parent: Command): void {
  parent
    .command('stop')
    .description('Stop the runtime host; containers keep running')
    .option('-c, --containers', 'stop all containers too')
    .action(stop);
}

async function stop({ containers = false }: { readonly containers?: boolean }): Promise<void> {
  try {
    await withClient(async (client) => {
      const closed = new Promise<void>((resolve) => client.onDidClose(resolve));
      await client.system.stop({ stopContainers: containers });
      await closed;
    }, { start: false, anyVersion: true });
  } catch (error) {
    if (!(error instanceof BerthError && error.code === 'HostUnreachable')) throw error;
    process.stderr.write('The runtime host is not running.\n');
  }
}
