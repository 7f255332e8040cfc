import { existsSync, watch } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createLogger } from '../../runtime-host/base/log.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { ContainerInfo, ContainerSpec } from '../../runtime-host/protocol/types.ts';
import { createContainerService, type ContainerServiceOptions, type DiskUser } from '../../runtime-host/services/containerService.ts';
import { ContainerTable } from '../../runtime-host/services/containerTable.ts';
import { createServices, type Services, type ServicesOptions } from '../../runtime-host/services/createServices.ts';
import type { ProcessStreams } from '../../runtime-host/services/interfaces.ts';
import { HostNetworkService } from '../../runtime-host/services/networks/networkService.ts';
import { HostVolumeService } from '../../runtime-host/services/volumes/volumeService.ts';
import type { VmLimits } from '../../runtime-host/services/run/vmLimits.ts';
import { guestDirectory } from '../../runtime-host/vm/guestAssets.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { BootLogs } from './bootLogs.ts';
import { checkDisksBelow } from './checkDisks.ts';
import { startRegistry } from './registry.ts';
import { buildBusyboxImage } from './testImages.ts';

/** A Berth of its own with real services, a BusyBox image and real VMs, for one test file. */
export interface VmHarness {
  readonly paths: BerthPaths;
  readonly services: Services;
  readonly containers: Services['containers'];
  /** Reference of the BusyBox image; it is local and unpacked. */
  readonly image: string;
  /** Lines of the host's log. */
  readonly log: string[];
  /** Environment for a host process that shares this Berth. */
  readonly environment: NodeJS.ProcessEnv;
  /** Another host on the same Berth, in this process; it has adopted what there is. */
  otherHost(environment?: NodeJS.ProcessEnv, limits?: Partial<VmLimits>, unusedGrace?: ContainerServiceOptions['unusedGrace']): Promise<DiskUser>;
  create(spec: Partial<ContainerSpec>): Promise<ContainerInfo>;
  /** Creates, attaches, starts, sends `input`, and waits for the end; removes the container unless told otherwise. */
  run(command: readonly string[], options?: Partial<ContainerSpec> & { readonly input?: string | Uint8Array; readonly keep?: boolean }): Promise<Finished>;
  /** A container that runs until it is told to stop. */
  background(options?: Partial<ContainerSpec>): Promise<ContainerInfo>;
  exec(container: string, command: readonly string[], options?: Parameters<Services['containers']['exec']>[1] extends infer P ? Partial<P> & { readonly input?: string | Uint8Array } : never): Promise<Finished>;
  /** What is left of containers that should be gone: processes, sockets, directories. */
  leftovers(ids: readonly string[]): Promise<string[]>;
  /** For a test that provokes what no boot log may hold: lines that {@link stop} then lets pass. */
  pardonInBootLogs(lines: RegExp): void;
  stop(): Promise<void>;
}

export interface Finished {
  readonly id: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why VM tests cannot run here; undefined when they can. */
export function whyNoVms(): string | undefined {
  return existsSync(join(guestDirectory(), 'initramfs.cpio')) ? undefined : 'dist/guest is missing: npm run build:guest';
}

/**
 * @param environment added to the services' environment; BERTH_ACCEL is `tcg` unless it says otherwise, so that not
 *   every test file waits for the accelerator probe
 */
export async function startVmHarness(environment: NodeJS.ProcessEnv = {}, limits?: Partial<VmLimits>, clock?: ServicesOptions['clock']): Promise<VmHarness> {
  const reason = whyNoVms();
  if (reason) throw new Error(reason);
  const directory = await mkdtemp(join(tmpdir(), 'bvm-'));
  const all: NodeJS.ProcessEnv = { BERTH_ACCEL: 'tcg', ...process.env, BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run'), ...environment };
  const paths = new BerthPaths(all);
  const log: string[] = [];
  const logger = createLogger((line) => log.push(line));
  const services = await createServices({ paths, log: logger, environment: all, ...(limits && { limits }), ...(clock && { clock }) });
  const bootLogs = new BootLogs(paths);
  let pardoned: RegExp | undefined;
  services.containers.onDidChange(bootLogs.notice);
  await services.containers.adopt();
  const image = await pullBusybox(directory, services);
  const { containers } = services;
  const harness: VmHarness = {
    paths,
    services,
    containers,
    image,
    log,
    environment: all,
    otherHost: async (changes, limits, unusedGrace) => {
      const { images, disks } = services;
      const table = new ContainerTable();
      const volumes = new HostVolumeService({ paths, table, log: logger });
      const networks = new HostNetworkService({ paths, table, log: logger });
      const service = createContainerService({ paths, table, volumes, networks, images, disks, log: logger, version: 'test', environment: { ...all, ...changes }, ...(limits && { limits }), ...(unusedGrace && { unusedGrace }) });
      service.onDidChange(bootLogs.notice);
      await service.adopt();
      return service;
    },
    create: (spec) => containers.create({ image, cpus: 1, memoryBytes: 256 * 1024 * 1024, ...spec }),
    run: async (command, { input, keep, ...spec } = {}) => {
      const { id } = await harness.create({ command, removeOnExit: !keep, stdin: input !== undefined, ...spec });
      return collect(id, await containers.attach(id, { start: true }), input);
    },
    background: async (spec = {}) => {
      const { id } = await harness.create({ command: ['sleep', '1000000'], ...spec });
      return containers.start(id);
    },
    exec: async (container, command, { input, ...options } = {}) =>
      collect(container, await containers.exec(container, { command, stdin: input !== undefined, ...options }), input),
    leftovers: (ids) => leftovers(paths, ids),
    pardonInBootLogs: (lines) => { pardoned = lines; },
    stop: async () => {
      for (const { id } of await containers.list({ all: true })) await containers.remove(id, { force: true });
      await containers.dispose();
      try {
        bootLogs.check(pardoned);
        await checkDisksBelow(directory);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
  return harness;
}

async function pullBusybox(directory: string, services: Services): Promise<string> {
  const registry = await startRegistry();
  try {
    const layout = join(directory, 'layout');
    buildBusyboxImage(layout);
    const reference = await registry.push(layout, 'berth/busybox:1');
    await services.images.pull(reference);
    await services.disks.ensure(reference);
    return reference;
  } finally {
    await registry.stop();
  }
}

/** Everything that a process prints until it has ended. */
export async function collect(id: string, streams: ProcessStreams, input?: string | Uint8Array): Promise<Finished> {
  if (input !== undefined) streams.stdin.end(input);
  const [stdout, stderr, { exitCode, oomKilled = false }] = await Promise.all([textOf(streams.stdout), textOf(streams.stderr), streams.exit]);
  return { id, exitCode, oomKilled, stdout, stderr };
}

export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Resolves when what has been read so far matches; what follows stays to be read. */
export async function readUntil(stream: Readable, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('utf8');
      if (pattern.test(text)) finish(() => resolve(text));
    };
    const onEnd = (): void => finish(() => reject(new Error(`The stream ended without ${String(pattern)}: ${JSON.stringify(text)}`)));
    const finish = (settle: () => void): void => {
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.pause();
      settle();
    };
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.resume();
  });
}

/** Resolves with the path of an entry of a directory, which exists, as soon as there is one of this kind. */
export async function appeared(directory: string, name: RegExp): Promise<string> {
  const watcher = watch(directory);
  try {
    const found = new Promise<string>((resolve) => watcher.on('change', (_event, entry) => void (name.test(String(entry)) && resolve(String(entry)))));
    const there = (await readdir(directory)).find((entry) => name.test(entry));
    return join(directory, there ?? (await found));
  } finally {
    watcher.close();
  }
}

async function leftovers(paths: BerthPaths, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const container = paths.container(id);
    if ((await findProcesses([id])).size > 0) found.push(`a process of ${id}`);
    for (const path of [container.directory, `${container.directory}.removing`, container.sockets]) if (existsSync(path)) found.push(path);
  }
  for (const entry of await readdir(paths.runtime)) if (entry.startsWith('probe-')) found.push(entry);
  return found;
}
