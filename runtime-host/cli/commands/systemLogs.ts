import { existsSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import { cancellable, print } from '../cliContext.ts';
import { formatHostLogEvent, type HostLogEvent } from '../hostLogEvents.ts';
import { HostLogReader, settleMilliseconds } from '../hostLogReader.ts';
import { parseCount, parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { parseMoment } from '../since.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: number;
  readonly format: Format;
}

export function addSystemLogs(parent: Command): void {
  parent
    .command('logs')
    .description('Show what the runtime host has done, also when it does not run')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --tail <events>', 'only the last events', parseCount)
    .option('--since <time>', 'only what happened since, such as 10m', (text) => parseMoment(text))
    .option('--format <format>', 'json (an object a line) or table', parseFormat, 'table')
    .action(logs);
}

async function logs({ follow = false, tail, since = 0, format }: LogsOptions): Promise<void> {
  const { hostLog } = new BerthPaths();
  const show = (events: readonly HostLogEvent[]): void => {
    for (const event of events) if (Date.parse(event.time) >= since) print(`${format === 'json' ? JSON.stringify(event) : formatHostLogEvent(event)}\n`);
  };
  const reader = new HostLogReader(hostLog);
  try {
    const all = await reader.readAll();
    show(tail === undefined ? all : all.slice(all.length - Math.min(tail, all.length)));
    if (!follow) return;
    if (!existsSync(dirname(hostLog))) throw new BerthError('HostUnreachable', 'The runtime host has never run here, so there is nothing to follow yet. Start it with “container system start”.');
    await cancellable((signal) => followLog(hostLog, reader, signal, show));
  } finally {
    await reader.close();
  }
}

/** Shows what is written, until the signal fires. */
async function followLog(path: string, reader: HostLogReader, signal: AbortSignal, show: (events: readonly HostLogEvent[]) => void): Promise<never> {
  const changes = watch(dirname(path));
  let wake = (): void => undefined;
  changes.on('change', (_event, name) => { if (name === basename(path)) wake(); });
  signal.addEventListener('abort', () => wake());
  try {
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => { wake = resolve; });
      show(await reader.read());
      if (signal.aborted) break;
      const timer = reader.isHoldingBack ? setTimeout(() => wake(), settleMilliseconds) : undefined;
      await changed;
      clearTimeout(timer);
    }
  } finally {
    changes.close();
  }
  throw signal.reason;
}
