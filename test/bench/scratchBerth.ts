import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect } from '../../runtime-host/client/index.ts';
import type { HostConnection } from '../../runtime-host/client/index.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { startRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';
import type { TarEntry } from '../support/testImages.ts';

const execute = promisify(execFile);
const repository = join(import.meta.dirname, '../..');

/** The bundled command. @throws Error saying what to build when it or the guest is not there */
export function builtCommand(directory = join(repository, 'dist')): string {
  const missing = ['container.mjs', 'host.mjs', 'guest/initramfs.cpio', 'guest/vmlinux.zst'].filter((file) => !existsSync(join(directory, file)));
  if (missing.length > 0) throw new Error(`${missing.map((file) => join(directory, file)).join(', ')} missing. Run “npm run build” first.`);
  return join(directory, 'container.mjs');
}

/** A Berth of its own in a temporary home, used through its `container` command, with a small image pulled. */
export interface ScratchBerth {
  readonly home: string;
  readonly image: string;
  /** The bundled command. */
  readonly cli: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Runs `container ARGS…` and returns its standard output; rejects when its status is not 0. */
  container(...args: string[]): Promise<string>;
  /** Seconds of wall-clock time that `container ARGS…` takes. */
  timeContainer(...args: string[]): Promise<number>;
  /** A typed client of its host. */
  connect(): Promise<HostConnection>;
  dispose(): Promise<void>;
}

export interface ScratchOptions {
  /** Added to its environment. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Layers above the image's own. */
  readonly layers?: readonly (readonly TarEntry[])[];
}

export async function startScratchBerth({ environment: added = {}, layers = [] }: ScratchOptions = {}): Promise<ScratchBerth> {
  const home = await mkdtemp(join(tmpdir(), 'bb-'));
  const environment = { ...process.env, ...added, BERTH_HOME: join(home, 'h'), BERTH_RUNTIME_DIR: join(home, 'r') };
  const cli = builtCommand();
  const container = async (...args: string[]): Promise<string> => (await execute(process.execPath, [cli, ...args], { env: environment })).stdout;
  const dispose = async (): Promise<void> => {
    // Connecting also starts the host that stops what may still run.
    const client = await connect({ paths: new BerthPaths(environment), environment, hostPath: join(dirname(cli), 'host.mjs') });
    const { pid } = await client.system.status();
    await client.system.stop({ stopContainers: true });
    client.close();
    // It has let go of its home then, but Node writes the compile cache there as the process ends.
    while (existsSync(`/proc/${pid}`)) await setTimeout(20);
    await rm(home, { recursive: true, force: true });
  };
  const registry = await startRegistry();
  try {
    buildBusyboxImage(join(home, 'layout'), { extraLayers: layers });
    const image = await registry.push(join(home, 'layout'), 'bench/busybox:1');
    await container('image', 'pull', image);
    return {
      home,
      image,
      cli,
      environment,
      container,
      timeContainer: (...args) => timeCommand(process.execPath, [cli, ...args], environment),
      connect: () => connect({ paths: new BerthPaths(environment), start: false }),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  } finally {
    await registry.stop();
  }
}

/** Seconds of wall-clock time from start to exit of a command; rejects when its status is not 0. */
export function timeCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve((performance.now() - started) / 1000);
      else reject(new Error(`${command} ${args.join(' ')} ended with status ${code}.`));
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
