import type { Command } from 'commander';
import type { VolumeInfo } from '../../protocol/volumes.ts';
import { printList, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatSize, formatTable } from '../output.ts';

export function addVolumeList(parent: Command): void {
  parent
    .command('ls')
    .alias('list')
    .description('List volumes')
    .option('-q, --quiet', 'only names')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list(options: { readonly quiet?: boolean; readonly format: Format }): Promise<void> {
  const volumes = await withClient((client) => client.volumes.list());
  printList(volumes, options, ({ name }) => name, () => volumeTable(volumes));
}

export function volumeTable(volumes: readonly VolumeInfo[]): string {
  const rows = volumes.map(({ name, driver, allocatedBytes, containers }) => [driver, formatSize(allocatedBytes), containers.map((container) => container.name).join(', '), name]);
  return formatTable(['DRIVER', 'SIZE', 'CONTAINERS', 'VOLUME NAME'], rows);
}
