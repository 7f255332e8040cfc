import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import type { SystemStatus } from '../../protocol/types.ts';
import { print, withClient } from '../cliContext.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson, formatSince, formatTable } from '../output.ts';

export function addSystemStatus(parent: Command): void {
  parent
    .command('status')
    .description('Show whether the runtime host runs, and what it has (status 1 when it does not run)')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(status);
}

async function status({ format }: { readonly format: Format }): Promise<void> {
  const found = await readStatus();
  if (!found) {
    print(format === 'json' ? formatJson({ running: false }) : 'The runtime host is not running.\n');
    throw new Exit(ExitStatus.failure);
  }
  print(format === 'json' ? formatJson({ running: true, ...found }) : statusTable(found));
}

async function readStatus(): Promise<SystemStatus | undefined> {
  try {
    return await withClient((client) => client.system.status(), { start: false });
  } catch (error) {
    if (error instanceof BerthError && error.code === 'HostUnreachable') return undefined;
    throw error;
  }
}

function statusTable(status: SystemStatus): string {
  return formatTable(['FIELD', 'VALUE'], [
    ['status', `running for ${formatSince(status.startedAt)}`],
    ['version', status.version],
    ['process', String(status.pid)],
    ['data', status.home],
    ['containers', `${status.containers.total} (${status.containers.running} running)`],
    ['images', String(status.images)],
    ['acceleration', status.accelerator ?? 'not known before the first container'],
    ['qemu', status.qemu ?? 'not found'],
  ]);
}
