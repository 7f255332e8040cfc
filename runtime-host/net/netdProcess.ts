import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProcesses } from '../base/processes.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../base/processIdentity.ts';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import { NetdClient, netdFailure } from './netdClient.ts';
import type { NetdStatus } from './netdTypes.ts';

export interface NetdOptions {
  readonly socket: string;
  /** What netd says is added to it. */
  readonly log: string;
  /** Looked for only when a netd has to be started. */
  readonly program: () => Promise<string>;
  readonly answerMilliseconds?: number;
}

/** A netd that answers. It outlives this host. */
export interface Netd {
  readonly client: NetdClient;
  readonly identity: ProcessIdentity;
  /** As it was when it was found or started. */
  readonly status: NetdStatus;
}

const startMilliseconds = 30_000;

/** Finds the netd that listens on a socket, or starts one. What is there and does not answer is ended. */
export async function ensureNetd(options: NetdOptions): Promise<Netd> {
  return (await findRunningNetd(options)) ?? startNetd(options);
}

/** The netd that listens on a socket; undefined when there is none. What is there and does not answer is ended. */
export async function findRunningNetd(options: Pick<NetdOptions, 'socket' | 'answerMilliseconds'>): Promise<Netd | undefined> {
  const client = new NetdClient(options.socket, options.answerMilliseconds);
  try {
    const status = await client.status();
    const identity = await identifyProcess(status.pid);
    if (identity) return { client, identity, status };
  } catch (error) {
    if (!netdFailure(error)) throw error;
  }
  await endNetd(options.socket);
  return undefined;
}

/** Ends every netd of a socket at once, whether it answers or not, and waits until it is gone. Nothing else has such a command line. */
export async function endNetd(socket: string): Promise<void> {
  for (;;) {
    const pid = (await findProcesses([socketArgument(socket)])).get(socketArgument(socket));
    const identity = pid === undefined ? undefined : await identifyProcess(pid);
    if (!identity) return;
    await kill(identity);
  }
}

async function kill(identity: ProcessIdentity): Promise<void> {
  try {
    if (await isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
  } catch (error) {
    if (!isNodeError(error) || error.code !== 'ESRCH') throw error; // It ended in this moment.
  }
  for (let pause = 1; await isAlive(identity); pause = Math.min(2 * pause, 1000)) await delay(pause);
}

/** By this a netd is recognised among this user's processes: no other has the path of its socket in such an argument. */
export function socketArgument(socket: string): string {
  return `--socket=${socket}`;
}

async function startNetd({ socket, log, program, answerMilliseconds }: NetdOptions): Promise<Netd> {
  const path = await program();
  await rm(socket, { force: true });
  await Promise.all([socket, log].map((file) => mkdir(dirname(file), { recursive: true, mode: 0o700 })));
  const output = await open(log, 'a', 0o600);
  const { size } = await output.stat();
  try {
    const child = spawn(path, [socketArgument(socket)], { cwd: '/', detached: true, env: netdEnvironment(), stdio: ['ignore', output.fd, output.fd] });
    const ended = new AbortController();
    child.once('exit', (code, signal) => ended.abort(new Error(`It ended with ${signal ?? `status ${code}`}.`)));
    await once(child, 'spawn');
    child.unref();
    return await answering(new NetdClient(socket, answerMilliseconds), ended.signal).catch(async (error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
  } catch (error) {
    throw new BerthError('NetworkFailed', `Berth’s network program did not start: ${((await lastWords(log, size)) ?? (error instanceof Error ? error.message : String(error))).replace(/[^.]$/, '$&.')} Its log is ${log}.`, { cause: error, data: { log } });
  } finally {
    await output.close();
  }
}

/** It listens within its first moments. That tells nobody, so it is asked again and again. */
async function answering(client: NetdClient, ended: AbortSignal): Promise<Netd> {
  const until = performance.now() + startMilliseconds;
  for (let pause = 2; ; pause = Math.min(2 * pause, 100)) {
    ended.throwIfAborted();
    try {
      const status = await client.status();
      const identity = await identifyProcess(status.pid);
      if (identity) return { client, identity, status };
    } catch (error) {
      if (netdFailure(error) !== 'unreachable' || performance.now() > until) throw error;
    }
    await delay(pause);
  }
}

/** netd gets nothing of our environment. */
function netdEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LANG: 'C.UTF-8' };
}

/** What a netd has said at last, of what is in its log from a byte on. */
async function lastWords(log: string, from: number): Promise<string | undefined> {
  const text = (await readFile(log).catch(() => Buffer.alloc(0))).subarray(from).toString();
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    const { msg, error, reason } = JSON.parse(line) as Record<string, unknown>;
    return [msg, error ?? reason].filter((word) => typeof word === 'string').join(': ') || undefined;
  } catch {
    return line || undefined; // Such as the system's or Go's own words.
  }
}
