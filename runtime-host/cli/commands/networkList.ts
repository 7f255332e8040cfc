import type { Command } from 'commander';
import type { NetworkInfo } from '../../protocol/networks.ts';
import { printList, withClient } from '../cliContext.ts';
import { matchesNetworkFilters, parseNetworkFilter, type NetworkFilter } from '../networkFilters.ts';
import { collect, parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatTable } from '../output.ts';

export function addNetworkList(parent: Command): void {
  parent
    .command('ls')
    .alias('list')
    .description('List networks')
    .option('-f, --filter <key=value>', 'only some: dangling (no container refers to it), label, name (a regular expression)', collect(parseNetworkFilter))
    .option('-q, --quiet', 'only names')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list({ filter = [], ...options }: { readonly filter?: readonly NetworkFilter[]; readonly quiet?: boolean; readonly format: Format }): Promise<void> {
  const networks = (await withClient((client) => client.networks.list())).filter((info) => matchesNetworkFilters(info, filter));
  printList(networks, options, ({ name }) => name, () => networkTable(networks));
}

function networkTable(networks: readonly NetworkInfo[]): string {
  const rows = networks.map(({ name, subnet, subnet6 = '-', containers }) => [name, subnet, subnet6, containers.map((container) => container.name).join(', ')]);
  return formatTable(['NAME', 'SUBNET', 'SUBNET V6', 'CONTAINERS'], rows);
}
