import type { Command } from 'commander';
import type { ContainerInfo } from '../../protocol/types.ts';
import { printList, withClient } from '../cliContext.ts';
import { matchesFilters, parseFilter, type ListFilter } from '../listFilters.ts';
import { collect, parseCount, parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { ellipsize, formatSince, formatTable } from '../output.ts';
import { describePorts } from '../publishedPorts.ts';

interface ListOptions {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly trunc: boolean;
  readonly filter?: readonly ListFilter[];
  readonly last?: number;
  readonly latest?: boolean;
  readonly format: Format;
}

export function addList(parent: Command): void {
  parent
    .command('ls')
    .aliases(['list', 'ps'])
    .description('List containers')
    .option('-a, --all', 'not only those that run')
    .option('-f, --filter <key=value>', 'only some: id, name (a regular expression), status, label, ancestor (image), exited (status), health', collect(parseFilter))
    .option('-n, --last <count>', 'the newest, whether they run or not', parseCount)
    .option('-l, --latest', 'the newest one')
    .option('-q, --quiet', 'only ids')
    .option('--no-trunc', 'whole ids and commands')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list({ all = false, filter = [], last, latest, trunc, ...options }: ListOptions): Promise<void> {
  // As in docker, none at all is no limit.
  const newest = latest ? 1 : last || undefined;
  // As in docker, asking for a state or a status asks among those that do not run, too.
  const everywhere = all || newest !== undefined || filter.some(({ key }) => key === 'status' || key === 'exited');
  const found = (await withClient((client) => client.containers.list({ all: everywhere }))).filter((info) => matchesFilters(info, filter));
  const containers = newest === undefined ? found : found.slice(0, newest);
  printList(containers, options, ({ id }) => (trunc ? id.slice(0, 12) : id), () => containerTable(containers, trunc));
}

export function containerTable(containers: readonly ContainerInfo[], trunc = true, now = Date.now()): string {
  const rows = containers.map((info) => [
    trunc ? info.id.slice(0, 12) : info.id, info.image, JSON.stringify(trunc ? ellipsize(info.command.join(' '), 24) : info.command.join(' ')), `${formatSince(info.createdAt, now)} ago`, describeState(info, now),
    (info.networks ?? []).map(({ address }) => address).join(', '), describePorts(info), info.name,
  ]);
  return formatTable(['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'ADDRESS', 'PORTS', 'NAMES'], rows);
}

function describeState({ state, createdAt, startedAt, finishedAt, exitCode, oomKilled, restarting, health, paused }: ContainerInfo, now: number): string {
  if (restarting) return `Restarting (${exitCode ?? '?'}) ${formatSince(finishedAt ?? createdAt, now)} ago`;
  const condition = paused === undefined ? health?.status : 'Paused';
  if (state === 'running' && startedAt) return `Up ${formatSince(startedAt, now)}${condition ? ` (${condition === 'starting' ? 'health: starting' : condition})` : ''}`;
  if (state === 'stopped' && finishedAt) return `Exited (${exitCode ?? '?'}) ${formatSince(finishedAt, now)} ago${oomKilled ? ' (out of memory)' : ''}`;
  return `${state.slice(0, 1).toUpperCase()}${state.slice(1)}`;
}
