import type { Command } from 'commander';
import type { ContainerInfo } from '../../protocol/types.ts';
import { forEachName, print, withClient } from '../cliContext.ts';
import { formatJson } from '../output.ts';

export function addInspect(parent: Command): void {
  parent
    .command('inspect')
    .description('Show all about containers, as JSON')
    .argument('<container...>', 'ids or names')
    .action(inspect);
}

async function inspect(names: readonly string[]): Promise<void> {
  const found: ContainerInfo[] = [];
  try {
    await withClient((client) => forEachName(names, async (name) => found.push(await client.containers.inspect(name)), false));
  } finally {
    print(formatJson(found));
  }
}
