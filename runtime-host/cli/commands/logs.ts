import type { Command } from 'commander';
import { attachProcess } from '../attachedProcess.ts';
import { openAlone } from '../cliContext.ts';
import { logStreamPath } from '../../protocol/streams.ts';
import type { LogOptions } from '../../protocol/streams.ts';
import { parseCount } from '../options.ts';
import { parseMoment } from '../since.ts';

export function addLogs(parent: Command): void {
  parent
    .command('logs')
    .description('Show what a container has printed')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .option('-f, --follow', 'go on until it stops')
    .option('-n, --tail <lines>', 'only the last lines; all for all', parseTail)
    .option('--since <time>', 'only what was printed since then, such as 2026-01-31T12:00:00Z or 10m', (text) => parseMoment(text))
    .option('--until <time>', 'only what was printed until then', (text) => parseMoment(text))
    .option('-t, --timestamps', 'put the time before each line')
    .action(logs);
}

/** Not undefined for all: commander would make an empty text of that. */
function parseTail(text: string): number | 'all' {
  return text === 'all' || /^-\d+$/.test(text) ? 'all' : parseCount(text);
}

async function logs(container: string, { since, until, tail, ...options }: LogOptions): Promise<void> {
  const stream = await openAlone(logStreamPath(container, {
    ...options,
    ...(typeof tail === 'number' && { tail }),
    ...(since !== undefined && { since: Math.floor(since) }),
    ...(until !== undefined && { until: Math.floor(until) }),
    notices: true,
  }));
  await attachProcess(stream, { terminal: false, stdin: false, started: Promise.resolve(), detachKeys: undefined });
}
