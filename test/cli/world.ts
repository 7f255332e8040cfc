import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '../../runtime-host/client/index.ts';
import type { HostConnection } from '../../runtime-host/client/index.ts';
import { netdProgram } from '../../runtime-host/net/netdBinary.ts';
import { sharedProgram } from '../../runtime-host/services/access/sharedProgram.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { guestDirectory } from '../../runtime-host/vm/guestAssets.ts';
import { stopHost } from '../contract/rpcHarness.ts';
import { BootLogs } from '../support/bootLogs.ts';
import { checkDisksBelow } from '../support/checkDisks.ts';
import { startRegistry } from '../support/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');

/**
 * Where all cases happen: one host, one registry, and what cases share. The variables of its environment:
 *
 *   IMAGE   BusyBox, no entry point        ENTRY   entry point `echo entry`, command `word`, a variable, a label
 *   USERED  user `user`, directory /tmp    EMPTY   neither entry point nor command      ABSENT  in the registry only
 *   BOX     a container that runs for ever with A=1, whose first process prints `one` and on standard error `two`
 *   ENDED   a container whose process printed `said` and ended with 3
 */
export interface World {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly client: HostConnection;
  stop(): Promise<void>;
}

export async function makeWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'cc-'));
  const registry = await startRegistry();
  try {
    const images = await pushImages(directory, registry);
    const environment: NodeJS.ProcessEnv = {
      // Neither the probe of the accelerator nor the notice about its answer is what is tested here.
      BERTH_ACCEL: 'tcg', BERTH_GUEST_DIR: guestDirectory(), BERTH_NETD: netdProgram(), BERTH_SHARED: sharedProgram(), ...process.env, ...images,
      BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run'), PATH: `${join(directory, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`,
      BOX: 'box', ENDED: 'ended',
    };
    await makeCommand(directory);
    const container = (...words: string[]): Promise<unknown> => run(join(directory, 'bin/container'), words, { env: environment });
    for (const name of ['IMAGE', 'ENTRY', 'USERED', 'EMPTY']) await container('image', 'pull', images[name]!);
    const paths = new BerthPaths(environment);
    const client = await connect({ paths, start: false });
    const bootLogs = new BootLogs(paths);
    client.onContainerDidChange(bootLogs.notice);
    await container('run', '-d', '--name', 'box', '-m', '512m', '-e', 'A=1', images['IMAGE']!, 'sh', '-c', 'echo one; echo two >&2; exec sleep 1000000');
    await run('sh', ['-c', 'until [ "$(container logs box 2>&1 | wc -l)" = 2 ] && container top box | grep -q "sleep 1000000"; do :; done'], { env: environment });
    await container('run', '--name', 'ended', images['IMAGE']!, 'sh', '-c', 'echo said; exit 3').catch(() => undefined);
    return { directory, environment, client, stop: () => stop(directory, paths, client, registry, bootLogs) };
  } catch (error) {
    await registry.stop();
    throw error;
  }
}

/** `container` as users have it, made of today's sources: a bundle starts in half the time. */
async function makeCommand(directory: string): Promise<void> {
  await run(process.execPath, ['esbuild.mjs', `--into=${join(directory, 'dist')}`], { cwd: repository });
  await mkdir(join(directory, 'bin'));
  const command = join(directory, 'dist/container.mjs');
  await chmod(command, 0o755);
  await symlink(command, join(directory, 'bin/container'));
}

async function pushImages(directory: string, registry: TestRegistry): Promise<Record<string, string>> {
  const push = async (name: string, options: Parameters<typeof buildBusyboxImage>[1]): Promise<string> => {
    const layout = join(directory, 'layouts', name);
    buildBusyboxImage(layout, options);
    return registry.push(layout, `cases/${name}:1`);
  };
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return {
    REGISTRY: registry.host,
    IMAGE: await push('busybox', {}),
    ENTRY: await push('entry', { entrypoint: ['echo', 'entry'], command: ['word'], env: [path, 'FROM=image'], labels: { made: 'by us' }, stopSignal: 'SIGINT' }),
    USERED: await push('usered', { user: 'user', workingDirectory: '/tmp' }),
    EMPTY: await push('empty', { command: [] }),
    ABSENT: await push('absent', {}),
  };
}

async function stop(directory: string, paths: BerthPaths, client: HostConnection, registry: TestRegistry, bootLogs: BootLogs): Promise<void> {
  for (const { id } of await client.containers.list({ all: true })) await client.containers.remove(id, { force: true });
  client.close();
  await stopHost(paths);
  await registry.stop();
  try {
    bootLogs.check();
    await checkDisksBelow(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
