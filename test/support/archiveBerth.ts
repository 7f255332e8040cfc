import assert from 'node:assert/strict';
import { execFile, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopHost } from '../contract/rpcHarness.ts';
import { startVmHarness, type VmHarness } from './vmHarness.ts';

const cli = fileURLToPath(new URL('../../runtime-host/cli/main.ts', import.meta.url));

interface Result {
  readonly status: number;
  readonly out: Buffer;
  readonly error: string;
}

/** A Berth that is used by its command line only, in a directory that files are copied from and to. */
export interface ArchiveBerth extends Pick<VmHarness, 'image' | 'paths' | 'environment'> {
  readonly directory: string;
  start(...words: string[]): ChildProcess;
  container(...words: string[]): Promise<Result>;
  /** The same with this input. */
  typing(input: Buffer | undefined, ...words: string[]): Promise<Result>;
  /** Standard output of what must succeed. */
  must(...words: string[]): Promise<string>;
  /** @param containers that are there and may run */
  stop(...containers: string[]): Promise<void>;
}

export async function startArchiveBerth(): Promise<ArchiveBerth> {
  const vms = await startVmHarness();
  const directory = await mkdtemp(join(tmpdir(), 'barchive-'));
  await vms.containers.dispose(); // The command line starts a host of its own.
  const typing = (input: Buffer | undefined, ...words: string[]): Promise<Result> => new Promise((resolve) => {
    const child = execFile(process.execPath, [cli, ...words], { env: vms.environment, cwd: directory, encoding: 'buffer', maxBuffer: 1e9 }, (error, out, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, out, error: stderr.toString() });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
  const container = (...words: string[]): Promise<Result> => typing(undefined, ...words);
  return {
    image: vms.image, paths: vms.paths, environment: vms.environment, directory, typing, container,
    start: (...words) => execFile(process.execPath, [cli, ...words], { env: vms.environment, cwd: directory }),
    must: async (...words) => {
      const { status, out, error } = await container(...words);
      assert.equal(status, 0, `${words.join(' ')}: ${error}`);
      return out.toString();
    },
    stop: async (...containers) => {
      await container('rm', '-f', ...containers);
      await stopHost(vms.paths);
      await vms.stop();
      await rm(directory, { recursive: true });
    },
  };
}
