import type { Command } from 'commander';
import type { ImageInfo } from '../../protocol/types.ts';
import { printList, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatSince, formatSize, formatTable } from '../output.ts';

export function addImageList(parent: Command): void {
  parent
    .command('ls')
    .alias('list')
    .description('List the images that are here')
    .option('-q, --quiet', 'only references')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list(options: { readonly quiet?: boolean; readonly format: Format }): Promise<void> {
  const images = await withClient((client) => client.images.list());
  printList(images, options, ({ reference }) => reference, () => imageTable(images));
}

export function imageTable(images: readonly ImageInfo[], now = Date.now()): string {
  const rows = images.map(({ reference, manifestDigest, created, size }) => [
    ...splitReference(reference), manifestDigest.replace(/^sha256:/, '').slice(0, 12), created ? `${formatSince(created, now)} ago` : '', formatSize(size),
  ]);
  return formatTable(['REPOSITORY', 'TAG', 'DIGEST', 'CREATED', 'SIZE'], rows);
}

/** Repository and tag; a reference by digest has no tag. */
function splitReference(reference: string): [string, string] {
  const repository = reference.split('@')[0] ?? reference;
  const colon = repository.lastIndexOf(':');
  return colon > repository.lastIndexOf('/') ? [repository.slice(0, colon), repository.slice(colon + 1)] : [repository, '<none>'];
}
