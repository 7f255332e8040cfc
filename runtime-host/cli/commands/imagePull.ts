import type { Command } from 'commander';
import { cancellable, print, withClient } from '../cliContext.ts';
import { ProgressLine } from '../progressLine.ts';

export function addImagePull(parent: Command): void {
  parent
    .command('pull')
    .description('Fetch an image from a registry')
    .argument('<reference>', 'such as registry.example/team/app:1.2')
    .option('-q, --quiet', 'no progress')
    .action(pull);
}

async function pull(reference: string, { quiet }: { readonly quiet?: boolean }): Promise<void> {
  const progress = new ProgressLine(process.stderr);
  const image = await withClient((client) => cancellable(async (signal) => {
    try {
      return await client.images.pull(reference, { signal, ...(!quiet && { progress: progress.show }) });
    } finally {
      progress.clear();
    }
  }));
  print(`${image.reference}\n`);
}
