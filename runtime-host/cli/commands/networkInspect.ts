import type { Command } from 'commander';
import type { NetworkInfo } from '../../protocol/networks.ts';
import { forEachName, print, withClient } from '../cliContext.ts';
import { formatJson } from '../output.ts';

export function addNetworkInspect(parent: Command): void {
  parent
    .command('inspect')
    .description('Show all about networks, as JSON')
    .argument('<network...>', 'names')
    .action(inspect);
}

async function inspect(names: readonly string[]): Promise<void> {
  const found: NetworkInfo[] = [];
  try {
    await withClient((client) => forEachName(names, async (name) => found.push(await client.networks.inspect(name)), false));
  } finally {
    print(formatJson(found));
  }
}
