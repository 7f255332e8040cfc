import type { Command } from 'commander';
import type { VolumeInfo } from '../../protocol/volumes.ts';
import { forEachName, print, withClient } from '../cliContext.ts';
import { formatJson } from '../output.ts';

export function addVolumeInspect(parent: Command): void {
  parent
    .command('inspect')
    .description('Show all about volumes, as JSON')
    .argument('<volume...>', 'names')
    .action(inspect);
}

async function inspect(names: readonly string[]): Promise<void> {
  const found: VolumeInfo[] = [];
  try {
    await withClient((client) => forEachName(names, async (name) => found.push(await client.volumes.inspect(name)), false));
  } finally {
    print(formatJson(found));
  }
}
