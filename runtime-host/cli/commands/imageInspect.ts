import type { Command } from 'commander';
import type { ImageInfo } from '../../protocol/types.ts';
import { forEachName, print, withClient } from '../cliContext.ts';
import { formatJson } from '../output.ts';

export function addImageInspect(parent: Command): void {
  parent
    .command('inspect')
    .description('Show all about images, as JSON')
    .argument('<reference...>', 'references')
    .action(inspect);
}

async function inspect(references: readonly string[]): Promise<void> {
  const found: ImageInfo[] = [];
  try {
    await withClient((client) => forEachName(references, async (reference) => found.push(await client.images.inspect(reference)), false));
  } finally {
    print(formatJson(found));
  }
}
