import type { Command } from 'commander';
import type { DiskUsage, UsageGroup } from '../../protocol/types.ts';
import { print, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson, formatSize, formatTable } from '../output.ts';

export function addSystemDf(parent: Command): void {
  parent
    .command('df')
    .description('Show what takes room on the disk')
    .option('-v, --verbose', 'each image, container and volume')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(df);
}

async function df({ verbose = false, format }: { readonly verbose?: boolean; readonly format: Format }): Promise<void> {
  const usage = await withClient((client) => client.system.usage());
  if (format === 'json') print(formatJson(usage));
  else print(verbose ? itemTables(usage) : summaryTable(usage));
}

const titles: Readonly<Record<keyof DiskUsage, string>> = { images: 'Images', containers: 'Containers', volumes: 'Volumes' };
const groupsOf = (usage: DiskUsage): [string, UsageGroup][] => (Object.keys(titles) as (keyof DiskUsage)[]).map((key) => [titles[key], usage[key]]);

function summaryTable(usage: DiskUsage): string {
  const rows = groupsOf(usage).map(([title, { total, active, bytes, reclaimableBytes }]) => [
    title, String(total), String(active), formatSize(bytes), `${formatSize(reclaimableBytes)} (${bytes > 0 ? Math.round((reclaimableBytes / bytes) * 100) : 0}%)`,
  ]);
  return formatTable(['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'], rows);
}

function itemTables(usage: DiskUsage): string {
  return groupsOf(usage).map(([title, { items }]) =>
    `${title}:\n\n${formatTable(['NAME', 'IN USE', 'SIZE'], items.map(({ name, bytes, inUse }) => [name, inUse ? 'yes' : 'no', formatSize(bytes)]))}`).join('\n');
}
