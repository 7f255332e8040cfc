import type { Command } from 'commander';
import type { VolumeInfo } from '../../protocol/volumes.ts';
import { printList, withClient } from '../cliContext.ts';
import { collect, parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatSize, formatTable } from '../output.ts';
import { matchesVolumeFilters, parseVolumeFilter, type VolumeFilter } from '../volumeFilters.ts';

export function addVolumeList(parent: Command): void {
  parent
    .command('ls')
    .alias('list')
    .description('List volumes')
    .option('-f, --filter <key=value>', 'only some: dangling (no container refers to it), driver, label, name (a regular expression)', collect(parseVolumeFilter))
    .option('-q, --quiet', 'only names')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list({ filter = [], ...options }: { readonly filter?: readonly VolumeFilter[]; readonly quiet?: boolean; readonly format: Format }): Promise<void> {
  const volumes = (await withClient((client) => client.volumes.list())).filter((info) => matchesVolumeFilters(info, filter));
  printList(volumes, options, ({ name }) => name, () => volumeTable(volumes));
}

export function volumeTable(volumes: readonly VolumeInfo[]): string {
  const rows = volumes.map(({ name, driver, allocatedBytes, containers }) => [driver, formatSize(allocatedBytes), containers.map((container) => container.name).join(', '), name]);
  return formatTable(['DRIVER', 'SIZE', 'CONTAINERS', 'VOLUME NAME'], rows);
}
