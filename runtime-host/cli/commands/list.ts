import type { Command } from 'commander';
import type { ContainerInfo } from '../../protocol/types.ts';
import { printList, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { ellipsize, formatSince, formatTable } from '../output.ts';

export function addList(parent: Command): void {
  parent
    .command('ls')
    .aliases(['list', 'ps'])
    .description('List containers')
    .option('-a, --all', 'not only those that run')
    .option('-q, --quiet', 'only ids')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list(options: { readonly all?: boolean; readonly quiet?: boolean; readonly format: Format }): Promise<void> {
  const containers = await withClient((client) => client.containers.list({ all: options.all ?? false }));
  printList(containers, options, ({ id }) => id.slice(0, 12), () => containerTable(containers));
}

export function containerTable(containers: readonly ContainerInfo[], now = Date.now()): string {
  const rows = containers.map((info) => [
    info.id.slice(0, 12), info.image, JSON.stringify(ellipsize(info.command.join(' '), 24)), `${formatSince(info.createdAt, now)} ago`, describeState(info, now), info.name,
  ]);
  return formatTable(['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'NAMES'], rows);
}

function describeState({ state, createdAt, startedAt, finishedAt, exitCode, restarting, health }: ContainerInfo, now: number): string {
  if (restarting) return `Restarting (${exitCode ?? '?'}) ${formatSince(finishedAt ?? createdAt, now)} ago`;
  if (state === 'running' && startedAt) return `Up ${formatSince(startedAt, now)}${health ? ` (${health.status === 'starting' ? 'health: starting' : health.status})` : ''}`;
  if (state === 'stopped' && finishedAt) return `Exited (${exitCode ?? '?'}) ${formatSince(finishedAt, now)} ago`;
  return `${state.slice(0, 1).toUpperCase()}${state.slice(1)}`;
}
