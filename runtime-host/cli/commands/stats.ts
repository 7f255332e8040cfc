import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { HostConnection } from '../../client/connect.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerStatistics } from '../../protocol/statistics.ts';
import type { ContainerInfo } from '../../protocol/types.ts';
import { print, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson } from '../output.ts';
import { statisticsRow, statisticsTable, type StatisticsRow } from '../statisticsTable.ts';

interface StatsOptions {
  readonly all?: boolean;
  readonly stream: boolean;
  readonly trunc: boolean;
  readonly format: Format;
}

/** Rates are over this time, and a live table shows something new as often. */
const pauseMilliseconds = 1000;
const home = '\u001b[H';
const clear = '\u001b[2J';
const clearBelow = '\u001b[J';
const clearLine = '\u001b[K';

export function addStats(parent: Command): void {
  parent
    .command('stats')
    .description('Show what containers use, again and again until Ctrl-C')
    .argument('[container...]', 'ids or names; all that run when there are none')
    .option('-a, --all', 'those too that do not run')
    .option('--no-stream', 'only once')
    .option('--no-trunc', 'whole ids')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(stats);
}

async function stats(names: readonly string[], options: StatsOptions): Promise<void> {
  await withClient(async (client) => {
    let before = await sample(client, names, options);
    if (options.stream) show(before.map((taken) => statisticsRow(taken.info, taken.statistics)), options, true);
    do {
      await delay(pauseMilliseconds);
      const now = await sample(client, names, options);
      show(now.map(({ info, statistics }) => statisticsRow(info, statistics, before.find((earlier) => earlier.info.id === info.id)?.statistics)), options, false);
      before = now;
    } while (options.stream);
  });
}

interface Sample {
  readonly info: ContainerInfo;
  /** Absent when it does not run. */
  readonly statistics?: ContainerStatistics;
}

async function sample(client: HostConnection, names: readonly string[], { all }: StatsOptions): Promise<Sample[]> {
  const infos = names.length > 0
    ? await Promise.all(names.map((name) => client.containers.inspect(name)))
    : await client.containers.list({ all: all ?? false });
  return Promise.all(infos.map(async (info) => {
    if (info.state !== 'running') return { info };
    try {
      return { info, statistics: await client.containers.statistics(info.id) };
    } catch (error) {
      const { code } = BerthError.from(error);
      const hasEnded = code === 'ContainerNotRunning' || code === 'ContainerNotFound' || code === 'VmFailed';
      // Who asks about all is not kept from the others by one that cannot tell.
      if (hasEnded || (names.length === 0 && code !== 'HostUnreachable' && code !== 'Cancelled')) return { info };
      throw error;
    }
  }));
}

/** On a terminal the table stays where it is. JSON comes as one array, or as a line for each container and time. */
function show(rows: readonly StatisticsRow[], { format, stream, trunc }: StatsOptions, isFirst: boolean): void {
  if (format === 'json') {
    // Without rates, the first is only the beginning of the second.
    if (!isFirst) print(stream ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : formatJson(rows));
    return;
  }
  const table = statisticsTable(rows, trunc);
  if (!stream || !process.stdout.isTTY) {
    if (!isFirst) print(table);
    return;
  }
  print(`${isFirst ? clear : ''}${home}${table.replaceAll('\n', `${clearLine}\n`)}${clearBelow}`);
}
