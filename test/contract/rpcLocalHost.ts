/**
 * A runtime host whose containers are processes of this machine: everything from the socket to the services is the
 * real thing, so what happens between processes can be tested in seconds. The same with VMs is in test/vm.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperationOptions } from '../../runtime-host/base/progress.ts';
import { runHost } from '../../runtime-host/host.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo, ContainerSpec, ImageInfo, ProcessOptions, WhenUnused } from '../../runtime-host/protocol/types.ts';
import { ContainerTable } from '../../runtime-host/services/containerTable.ts';
import { HostNetworkService } from '../../runtime-host/services/networks/networkService.ts';
import { HostVolumeService } from '../../runtime-host/services/volumes/volumeService.ts';
import type { ContainerService, ImageService, LogEntry, ProcessStreams } from '../../runtime-host/services/interfaces.ts';
import type { Uses } from '../../runtime-host/services/use/containerUses.ts';
import { UsageService } from '../../runtime-host/services/usageService.ts';

const digest = `sha256:${'0'.repeat(64)}`;

class LocalImages implements ImageService {
  readonly #images = new Map<string, ImageInfo>();
  readonly #listeners = new Set<(event: { reference: string; info?: ImageInfo }) => void>();

  /** `slow` takes five seconds with a report every 10 ms; `missing` is not there; the rest is there at once, `labelled` with a label. */
  async pull(reference: string, { signal, progress }: OperationOptions = {}): Promise<ImageInfo> {
    if (reference === 'missing') throw new BerthError('ImageNotFound', 'There is no image missing.', { data: { reference } });
    for (let step = 0; reference === 'slow' && step < 500; step += 1) {
      progress?.({ message: `step ${step}`, fraction: step / 500 });
      await sleep(10, undefined, { signal }).catch((error: unknown) => {
        process.stderr.write(`pull of ${reference} was cancelled\n`);
        throw error;
      });
    }
    const info: ImageInfo = { reference, digest, manifestDigest: digest, platform: { os: 'linux', architecture: 'amd64' }, size: 1234, ...(reference === 'labelled' && { labels: { 'devcontainer.metadata': '{ "remoteUser": "dev" }' } }) };
    this.#images.set(reference, info);
    for (const listener of this.#listeners) listener({ reference, info });
    return info;
  }

  async list(): Promise<ImageInfo[]> {
    return [...this.#images.values()];
  }

  async inspect(reference: string): Promise<ImageInfo> {
    const info = this.#images.get(reference);
    if (!info) throw new BerthError('ImageNotFound', `The image ${reference} is not here.`, { data: { reference } });
    return info;
  }

  async remove(reference: string): Promise<void> {
    await this.inspect(reference);
    this.#images.delete(reference);
    for (const listener of this.#listeners) listener({ reference });
  }

  onDidChange(listener: (event: { reference: string; info?: ImageInfo }) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

interface Running {
  info: ContainerInfo;
  child?: ChildProcess;
  streams?: ProcessStreams;
  ended: PromiseWithResolvers<{ exitCode: number }>;
}

class LocalContainers implements ContainerService {
  readonly accelerator = 'tcg';
  readonly #entries = new Map<string, Running>();
  readonly #listeners = new Set<(event: { id: string; info?: ContainerInfo }) => void>();
  readonly #noticeListeners = new Set<(message: string) => void>();

  async create(spec: ContainerSpec, { signal, progress }: OperationOptions = {}): Promise<ContainerInfo> {
    if (spec.image === 'missing') throw new BerthError('ImageNotFound', 'There is no image missing.');
    progress?.({ message: 'Preparing', fraction: 0.5 });
    signal?.throwIfAborted();
    const id = randomBytes(32).toString('hex');
    const info: ContainerInfo = {
      id, name: spec.name ?? `local-${id.slice(0, 6)}`, image: spec.image, manifestDigest: digest, state: 'created',
      createdAt: new Date().toISOString(), command: [...(spec.entrypoint ?? []), ...(spec.command ?? [])], terminal: spec.terminal ?? false, stdin: spec.stdin ?? false,
      mounts: spec.mounts ?? [], memoryBytes: spec.memoryBytes ?? 2 ** 30, cpus: spec.cpus ?? 1, labels: spec.labels ?? {}, env: spec.env ?? [],
      workingDirectory: spec.workingDirectory ?? '/', user: spec.user ?? '', removeOnExit: spec.removeOnExit ?? false,
      ...(spec.restart && { restart: spec.restart }), ...(spec.stopSignal !== undefined && { stopSignal: spec.stopSignal }), ...(spec.stopTimeoutSeconds !== undefined && { stopTimeoutSeconds: spec.stopTimeoutSeconds }),
    };
    if ([...this.#entries.values()].some((entry) => entry.info.name === info.name)) {
      throw new BerthError('ContainerNameInUse', `The name ${info.name} is in use.`);
    }
    this.#entries.set(id, { info, ended: Promise.withResolvers() });
    this.#announce(id);
    return info;
  }

  /** A container of the image `emulated` starts as the first one does on a machine without hardware virtualization. */
  async start(container: string): Promise<ContainerInfo> {
    const entry = this.#find(container);
    if (entry.info.image === 'emulated') for (const listener of this.#noticeListeners) listener('Containers are slow here.');
    entry.streams = await runLocal(entry.info.command, entry.info, (child) => { entry.child = child; });
    this.#update(entry, { state: 'running', startedAt: new Date().toISOString() });
    void entry.streams.exit.then(({ exitCode }) => {
      this.#update(entry, { state: 'stopped', exitCode, finishedAt: new Date().toISOString() });
      entry.ended.resolve({ exitCode });
      if (entry.info.removeOnExit) void this.remove(entry.info.id);
    });
    return entry.info;
  }

  async stop(container: string): Promise<ContainerInfo> {
    const entry = this.#find(container);
    entry.child?.kill('SIGKILL');
    if (entry.info.state === 'running') await entry.ended.promise;
    return entry.info;
  }

  async restart(container: string): Promise<ContainerInfo> {
    await this.stop(container);
    return this.start(container);
  }

  async rename(container: string, name: string): Promise<ContainerInfo> {
    const entry = this.#find(container);
    this.#update(entry, { name });
    return entry.info;
  }

  async signal(container: string, signal: string): Promise<void> {
    const entry = this.#find(container);
    if (entry.info.state !== 'running') throw new BerthError('ContainerNotRunning', `The container ${entry.info.name} is not running.`);
    entry.child?.kill(/^\d+$/.test(signal) ? Number(signal) : (signal.startsWith('SIG') ? signal : `SIG${signal}`) as NodeJS.Signals);
  }

  async remove(container: string, { force }: { force?: boolean } = {}): Promise<void> {
    const entry = this.#find(container);
    if (entry.info.state === 'running') {
      if (!force) throw new BerthError('ContainerRunning', `The container ${entry.info.name} is running.`);
      await this.stop(container);
    }
    this.#entries.delete(entry.info.id);
    for (const listener of this.#listeners) listener({ id: entry.info.id });
  }

  async list({ all }: { all?: boolean } = {}): Promise<ContainerInfo[]> {
    return [...this.#entries.values()].map(({ info }) => info).filter(({ state }) => all || state === 'running').reverse();
  }

  async inspect(container: string): Promise<ContainerInfo> {
    return this.#find(container).info;
  }

  async wait(container: string, signal?: AbortSignal): Promise<{ exitCode: number }> {
    const entry = this.#find(container);
    const aborted = signal && once(signal, 'abort').then(() => { throw new BerthError('Cancelled', 'Waiting was cancelled.'); });
    return Promise.race([entry.ended.promise, ...(aborted ? [aborted] : [])]);
  }

  async attach(container: string, { start }: { start?: boolean } = {}): Promise<ProcessStreams> {
    const entry = this.#find(container);
    if (start) await this.start(container);
    if (!entry.streams) throw new BerthError('ContainerNotRunning', `The container ${entry.info.name} is not running.`);
    // Each client has views of its own, which it may close.
    const { stdout, stderr } = entry.streams;
    return { ...entry.streams, stdout: stdout.pipe(new PassThrough()), stderr: stderr.pipe(new PassThrough()) };
  }

  async exec(_container: string, process: ProcessOptions & { readonly command: readonly string[] }): Promise<ProcessStreams> {
    return runLocal(process.command, process);
  }

  /** As many bytes as the container's command line says: `log 1000`. */
  async *logs(container: string): AsyncIterable<LogEntry> {
    const total = Number(this.#find(container).info.command[1]);
    for (let sent = 0; sent < total; sent += 1_000_000) yield { stream: 'stdout', data: Buffer.alloc(Math.min(1_000_000, total - sent), 'x') };
  }

  onDidChange(listener: (event: { id: string; info?: ContainerInfo }) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onNotice(listener: (message: string) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => this.#noticeListeners.delete(listener);
  }

  async adopt(): Promise<void> {
    // Local processes end with their host.
  }

  async dispose(): Promise<void> {
    for (const { child } of this.#entries.values()) child?.kill('SIGKILL');
  }

  #find(container: string): Running {
    for (const entry of this.#entries.values()) {
      if (entry.info.name === container || entry.info.id.startsWith(container)) return entry;
    }
    throw new BerthError('ContainerNotFound', `There is no container ${container}.`, { data: { container } });
  }

  #update(entry: Running, change: Partial<ContainerInfo>): void {
    entry.info = { ...entry.info, ...change };
    this.#announce(entry.info.id);
  }

  #announce(id: string): void {
    const info = this.#entries.get(id)?.info;
    for (const listener of this.#listeners) listener({ id, ...(info && { info }) });
  }
}

async function runLocal(command: readonly string[], options: ProcessOptions, onChild?: (child: ChildProcess) => void): Promise<ProcessStreams> {
  const [program = '', ...parameters] = command;
  const env = { ...process.env, ...Object.fromEntries((options.env ?? []).map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])) };
  const child = spawn(program, parameters, { stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'], env });
  try {
    await once(child, 'spawn');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'CommandNotFound' : 'CommandNotExecutable';
    throw new BerthError(code, `The command ${program} cannot be run.`, { cause: error });
  }
  onChild?.(child);
  const exit = once(child, 'close').then(([code, signal]: unknown[]) => {
    return { exitCode: typeof code === 'number' ? code : 128 + constants.signals[signal as NodeJS.Signals] };
  });
  return {
    stdin: child.stdin ?? new Writable({ write: (_chunk, _encoding, done) => done() }),
    stdout: child.stdout ?? new PassThrough().end(),
    stderr: child.stderr ?? new PassThrough().end(),
    exit,
    resize: () => undefined,
    close: () => undefined,
  };
}

/** Stops a container as soon as somebody does not use it any more. */
class LocalUses implements Uses {
  readonly #containers: ContainerService;
  readonly #users = new Map<object, Set<string>>();

  constructor(containers: ContainerService) {
    this.#containers = containers;
  }

  async use(container: string, user: object, whenUnused: WhenUnused): Promise<ContainerInfo> {
    this.#users.set(user, (this.#users.get(user) ?? new Set()).add(container));
    return { ...(await this.#containers.inspect(container)), whenUnused };
  }

  release(container: string, user: object): void {
    if (this.#users.get(user)?.delete(container)) void this.#containers.stop(container);
  }

  gone(user: object): void {
    for (const container of this.#users.get(user) ?? []) this.release(container, user);
  }
}

const noMachine = async (): Promise<never> => {
  throw new BerthError('GuestFailed', 'There is no virtual machine here.');
};

await runHost(async ({ paths, log }) => {
  const images = new LocalImages();
  const containers = new LocalContainers();
  const table = new ContainerTable();
  const volumes = new HostVolumeService({ paths, table, log });
  const networks = new HostNetworkService({ paths, table, log });
  await Promise.all([volumes.load(new Set()), networks.load(new Set())]);
  const usage = new UsageService({ paths, images, containers, volumes, imageFiles: async () => [] });
  const refuse = async (): Promise<never> => { throw new BerthError('PathNotFound', 'There are no files here.'); };
  return { images, containers, volumes, networks, policies: { activity: noMachine, setPolicy: noMachine }, statistics: { statistics: noMachine, processes: noMachine, watchStatistics: noMachine, watchProcesses: noMachine }, usage, archives: { read: refuse, export: refuse, write: refuse }, mounts: { refusals: async () => [] }, shares: { share: noMachine, unshare: noMachine }, grants: { list: () => [], decide: noMachine, revoke: noMachine, onDidChange: () => () => undefined }, connections: { forward: refuse, stopForward: refuse, watchListeners: refuse }, sessions: { list: async () => [], start: refuse, attach: refuse, end: refuse }, uses: new LocalUses(containers), qemuVersion: async () => undefined };
});
