import { existsSync, watch } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import { cancellable, print } from '../cliContext.ts';
import { formatHostLogEvent, parseHostLog, type HostLogEvent } from '../hostLogEvents.ts';
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
  const older = await readOr(`${hostLog}.1`);
  const text = await readOr(hostLog);
  const all = parseHostLog(older + text);
  show(tail === undefined ? all : all.slice(all.length - Math.min(tail, all.length)));
  if (!follow) return;
  if (!existsSync(dirname(hostLog))) throw new BerthError('HostUnreachable', 'The runtime host has never run here, so there is nothing to follow yet. Start it with “container system start”.');
  await cancellable((signal) => followLog(hostLog, Buffer.byteLength(text), signal, show));
}

async function readOr(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Shows what is written from a place on; when the file is replaced by a new one, that one from its beginning. */
async function followLog(path: string, from: number, signal: AbortSignal, show: (events: readonly HostLogEvent[]) => void): Promise<void> {
  const changes = watch(dirname(path));
  let wake = (): void => undefined;
  changes.on('change', (_event, name) => { if (name === basename(path)) wake(); });
  signal.addEventListener('abort', () => wake());
  let place = from;
  try {
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => { wake = resolve; });
      const { text, end } = await readFrom(path, place);
      place = end;
      show(parseHostLog(text));
      if (!signal.aborted) await changed;
    }
  } finally {
    changes.close();
  }
  throw signal.reason;
}

async function readFrom(path: string, place: number): Promise<{ readonly text: string; readonly end: number }> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return { text: '', end: 0 };
    throw error;
  }
  try {
    const { size } = await file.stat();
    const start = size < place ? 0 : place;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const whole = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    return { text: buffer.toString('utf8', 0, whole), end: start + whole };
  } finally {
    await file.close();
  }
}
