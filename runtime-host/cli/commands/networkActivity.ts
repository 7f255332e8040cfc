import type { Command } from 'commander';
import { print, withClient } from '../cliContext.ts';
import { activityTable, allowList } from '../activityOutput.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson } from '../output.ts';

interface ActivityOptions {
  readonly denied?: boolean;
  readonly allowList?: boolean;
  readonly format: Format;
}

export function addNetworkActivity(parent: Command): void {
  parent
    .command('activity')
    .description('Show what a container was denied, and with the policy “learn” what it used')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .option('--denied', 'only what it was denied')
    .option('--allow-list', 'as entries for --allow and --allow-file, a line each: what it used, or with --denied what it lacked')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(activity);
}

async function activity(container: string, options: ActivityOptions): Promise<void> {
  const all = await withClient((client) => client.networks.activity(container));
  if (options.allowList) return print(allowList(all.filter(({ verdict }) => verdict === (options.denied ? 'denied' : 'allowed'))).map((entry) => `${entry}\n`).join(''));
  const shown = options.denied ? all.filter(({ verdict }) => verdict === 'denied') : all;
  print(options.format === 'json' ? formatJson(shown) : activityTable(shown));
}
