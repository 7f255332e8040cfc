import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BerthError, isErrorPayload } from '../protocol/errors.ts';
import { errorLinePrefix, readyLine } from '../protocol/hostStart.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { ensureUsable } from '../protocol/usablePaths.ts';
import { heapOptions, hostEnvironment } from './hostEnvironment.ts';

export interface HostProcessOptions {
  readonly paths: BerthPaths;
  /** The Node that runs the host; default: the one that runs us. */
  readonly nodePath?: string;
  /** The host's program; default: beside this module (main.ts from source, host.mjs in dist). */
  readonly hostPath?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

const startLimitMilliseconds = 30_000;

/** One start at a time for each socket in this process; further callers wait for the same one. */
const starting = new Map<string, Promise<void>>();

/**
 * Starts a detached runtime host and waits until one answers.
 * @throws BerthError HostUnreachable with the log's path, or what the host itself reported.
 */
export function startHost(options: HostProcessOptions): Promise<void> {
  const key = options.paths.hostSocket;
  const running = starting.get(key) ?? launch(options).finally(() => starting.delete(key));
  starting.set(key, running);
  return running;
}

async function launch(options: HostProcessOptions): Promise<void> {
  const { paths } = options;
  await ensureUsable(paths);
  const log = await open(paths.hostLog, 'a', 0o600);
  try {
    const child = spawn(options.nodePath ?? process.execPath, [...heapOptions, options.hostPath ?? defaultHostPath()], {
      detached: true,
      stdio: ['ignore', 'pipe', log.fd],
      cwd: '/',
      env: hostEnvironment(paths, options.environment),
      windowsHide: true,
    });
    await firstLine(child, paths);
  } finally {
    await log.close();
  }
}

/** Waits for the line that tells how the start went; then the child is on its own. */
async function firstLine(child: ChildProcess, paths: BerthPaths): Promise<void> {
  const failed = (why: string, cause?: unknown): BerthError =>
    new BerthError('HostUnreachable', `Berth’s runtime host did not start: ${why}. Its log is ${paths.hostLog}.`, { cause, data: { log: paths.hostLog } });
  let timer: NodeJS.Timeout | undefined;
  const output = child.stdout;
  if (!output) throw failed('its output could not be read');
  const lines = createInterface({ input: output });
  try {
    const line = await new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => reject(failed('it said nothing for 30 seconds')), startLimitMilliseconds);
      child.once('error', (error) => reject(failed(error.message, error)));
      lines.once('line', resolve);
      // `close` comes after all output was read.
      child.once('close', (code, signal) => reject(failed(signal ? `signal ${signal} ended it` : `it ended with status ${code}`)));
    });
    if (line === readyLine) return;
    throw errorFromLine(line) ?? failed(`it said “${line.slice(0, 200)}”`);
  } finally {
    clearTimeout(timer);
    lines.close();
    output.destroy();
    child.unref();
  }
}

function errorFromLine(line: string): BerthError | undefined {
  if (!line.startsWith(errorLinePrefix)) return undefined;
  try {
    const payload: unknown = JSON.parse(line.slice(errorLinePrefix.length));
    return isErrorPayload(payload) ? BerthError.fromPayload(payload) : undefined;
  } catch {
    // Not what we agreed on: the caller shows the line itself.
    return undefined;
  }
}

function defaultHostPath(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? '../main.ts' : './host.mjs', import.meta.url));
}
