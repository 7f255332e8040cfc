import { mkdir } from 'node:fs/promises';
import type { Logger } from '../base/log.ts';
import type { OperationOptions } from '../base/progress.ts';
import { abortable } from '../base/abortable.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import { BerthError } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import type { Accelerator, ContainerInfo, ContainerSpec, ExecOptions } from '../protocol/types.ts';
import { ContainerStore } from '../store/containerStore.ts';
import { createAccess, type Access } from './access/access.ts';
import { LiveShares } from './access/liveShares.ts';
import { adoptContainers } from './adoption.ts';
import { Container } from './container.ts';
import { createContainer } from './specification/containerCreation.ts';
import { ContainerLifecycle } from './containerLifecycle.ts';
import { notFound, notRunning, stillRunning, type ContainerEvent, type ContainerTable } from './containerTable.ts';
import type { ContainerRun } from './run/containerRun.ts';
import { execProcess } from './run/execProcess.ts';
import { FileAccess } from './files/fileAccess.ts';
import { HealthMonitor } from './health/healthMonitor.ts';
import type { ContainerService, ImageDiskService, ImageService, LogEntry, LogViewOptions, ProcessStreams } from './interfaces.ts';
import { MountPolicy } from './specification/mountPolicy.ts';
import { logLimitsFrom, type LogLimits } from './logs/logLimits.ts';
import { viewLog } from './logs/logView.ts';
import type { HostNetworkService } from './networks/networkService.ts';
import { HostPolicyService } from './networks/policyService.ts';
import { RunConnections } from './connections/runConnections.ts';
import { RunNetworks } from './networks/runNetworks.ts';
import { firstProcessStreams } from './run/processStreams.ts';
import { Restarts } from './restarts/restarts.ts';
import { sigkill, signalNumber } from './specification/signals.ts';
import { defaultVmLimits, type VmLimits } from './run/vmLimits.ts';
import { ContainerUses, graceFrom, type Grace } from './use/containerUses.ts';
import { VmPlatform } from './run/vmPlatform.ts';
import type { HostVolumeService } from './volumes/volumeService.ts';
import type { WaitingMachine } from './run/waitingMachine.ts';

export interface ContainerServiceOptions {
  readonly paths: BerthPaths;
  /** Empty; filled by {@link ContainerService.adopt}. Shared with the other services. */
  readonly table: ContainerTable;
  /** Loaded by {@link ContainerService.adopt}. */
  readonly volumes: HostVolumeService;
  /** Loaded by {@link ContainerService.adopt}. */
  readonly networks: HostNetworkService;
  readonly images: ImageService;
  readonly disks: ImageDiskService;
  readonly log: Logger;
  /** Berth's version, for the handshake with the guest. */
  readonly version: string;
  /** Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly limits?: Partial<VmLimits>;
  /** How long a network's process may take to answer; for tests. */
  readonly netdAnswerMilliseconds?: number | undefined;
  /** How long a container goes on without users; for tests. */
  readonly unusedGrace?: Grace;
}

/** Containers keep images' disks from being removed. */
export interface DiskUser extends ContainerService {
  readonly files: FileAccess;
  readonly policies: HostPolicyService;
  readonly access: Access;
  readonly uses: ContainerUses;
  /** Removes the disks that neither an image nor a container uses any more. A failure is only logged. */
  pruneDisks(): Promise<void>;
}

/** {@link ContainerService.adopt} must be called once, before anything else. */
export function createContainerService(options: ContainerServiceOptions): DiskUser {
  return new QemuContainerService(options);
}

class QemuContainerService implements DiskUser {
  readonly #options: ContainerServiceOptions;
  readonly #store: ContainerStore;
  readonly #platform: VmPlatform;
  readonly #mountPolicy: MountPolicy;
  readonly #lifecycle: ContainerLifecycle;
  readonly #restarts: Restarts;
  readonly #networks: RunNetworks;
  readonly #table: ContainerTable;
  readonly files: FileAccess;
  readonly policies: HostPolicyService;
  readonly access: Access;
  readonly uses: ContainerUses;
  readonly #noticeListeners = new Set<(message: string) => void>();
  readonly #pruning = new SerialQueue();
  readonly #logLimits: LogLimits;

  constructor(options: ContainerServiceOptions) {
    this.#options = options;
    this.#table = options.table;
    const { paths, log, disks, version } = options;
    this.#store = new ContainerStore(paths, log);
    this.#logLimits = logLimitsFrom(options.environment ?? process.env, log);
    const notify = (message: string): void => this.#noticeListeners.forEach((listener) => listener(message));
    this.#platform = new VmPlatform(paths, log, options.environment ?? process.env, notify);
    this.#mountPolicy = new MountPolicy(paths, options.environment);
    this.#networks = new RunNetworks({ paths, table: options.table, networks: options.networks, log, environment: options.environment ?? process.env, notify, answerMilliseconds: options.netdAnswerMilliseconds });
    const access = { paths, table: options.table, policy: this.#mountPolicy, log, environment: options.environment ?? process.env, notify };
    const shares = new LiveShares(access);
    this.#lifecycle = new ContainerLifecycle({
      paths,
      store: this.#store,
      disks,
      table: options.table,
      volumes: options.volumes,
      networks: this.#networks,
      connections: new RunConnections({ paths, table: options.table, log, environment: options.environment ?? process.env, notify }),
      shares,
      platform: this.#platform,
      mountPolicy: this.#mountPolicy,
      log,
      hostVersion: version,
      limits: { ...defaultVmLimits, ...options.limits },
      changed: (container) => this.#onChanged(container),
      began: (container, run) => {
        this.#watchHealth(container, run);
        this.#table.began(container, run);
      },
      ended: (container) => this.#restarts.consider(container),
      notify,
    });
    this.files = new FileAccess(this.#table, this.#lifecycle, { ...defaultVmLimits, ...options.limits }.stall);
    this.policies = new HostPolicyService(this.#table, this.#lifecycle, this.#networks);
    this.access = createAccess(shares, this.#lifecycle, access);
    this.uses = new ContainerUses({ table: this.#table, log, grace: options.unusedGrace ?? graceFrom(options.environment ?? process.env), remember: (container, whenUnused) => this.#lifecycle.update(container, { whenUnused }), stop: (id, unless) => this.stop(id, { unless }) });
    this.#restarts = new Restarts({
      log,
      start: (container, restartCount) => this.#lifecycle.start(container, { restartCount }),
      giveUp: (container, reason, restartCount) => this.#lifecycle.giveUp(container, reason, restartCount),
      changed: (container) => this.#onChanged(container),
    });
  }

  get accelerator(): Accelerator | undefined {
    return this.#platform.accelerator;
  }

  async adopt(): Promise<void> {
    const { paths, log } = this.#options;
    await mkdir(paths.runtime, { recursive: true, mode: 0o700 });
    for (const record of await this.#store.load()) this.#table.add(new Container(record, paths.container(record.id), this.#logLimits));
    await Promise.all([this.#options.volumes.load(this.#store.unreadable), this.#options.networks.load(this.#store.unreadable)]);
    await adoptContainers(this.#table.all(), this.#store.unreadable, this.#lifecycle, paths, log);
    await this.#networks.resume(this.#store.unreadable.size === 0);
    await this.pruneDisks();
    await this.access.grants.begin();
    this.#restarts.begin(this.#table.all());
  }

  async pruneDisks(): Promise<void> {
    const { disks, log } = this.#options;
    if (this.#store.unreadable.size > 0) return; // Any disk may be theirs.
    const isUsed = (key: string): boolean => this.#table.all().some(({ record }) => record.diskKey === key);
    await this.#pruning.run(() => disks.prune(isUsed)).catch((error: unknown) => log.error('Unused disks could not be removed', error));
  }

  create(spec: ContainerSpec, options: OperationOptions = {}): Promise<ContainerInfo> {
    return createContainer(spec, options, {
      ...this.#options, store: this.#store, platform: this.#platform, mountPolicy: this.#mountPolicy, logLimits: this.#logLimits,
      changed: (container) => this.#onChanged(container),
    });
  }

  async start(query: string, options: OperationOptions = {}): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    if (container.waiting) return container.info();
    if (container.endFileUse) options.progress?.({ message: 'Waiting until its files are copied' });
    await container.queue.run(async () => {
      if (container.state === 'stopping') await container.settled;
      if (container.removed) throw notFound(query);
      if (container.state === 'running') return;
      await this.#restarts.startedByUser(container, () => this.#lifecycle.start(container, options));
    });
    return container.info();
  }

  async stop(query: string, options: { readonly timeoutSeconds?: number; readonly signal?: AbortSignal; readonly unless?: () => boolean } = {}): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    const stop = async (): Promise<void> => {
      // One that goes when it ends has ended, which is what was asked for.
      if (container.removed && !container.record.removeOnExit) throw notFound(query);
      await this.#lifecycle.noteStoppedByUser(container, true);
      if (this.#restarts.cancel(container)) this.#onChanged(container);
      await this.#lifecycle.stop(container, options.timeoutSeconds);
    };
    if (container.waiting) await this.#endWaiting(container, container.waiting);
    // One that has less patience does not wait for one that has more.
    await abortable(container.state === 'stopping' ? stop() : container.queue.run(async () => (options.unless?.() ? undefined : stop())), options.signal);
    return container.info();
  }

  async signal(query: string, signal: string): Promise<void> {
    const number = signalNumber(signal);
    const container = this.#table.find(query);
    if (container.waiting && number === sigkill) return this.#endWaiting(container, container.waiting);
    if (container.waiting) throw container.waiting.reason;
    const { run } = container; // The container lets go of it when it ends meanwhile.
    if (!run || run.over) throw notRunning(container);
    if (number === sigkill || number === signalNumber(container.record.stopSignal ?? 'TERM')) await this.#lifecycle.noteStoppedByUser(container, true);
    // Who is to be killed need not be asked, and one that is paused cannot be.
    if (number === sigkill) run.expectEnd();
    if (number === sigkill && run.paused) await run.giveUp();
    else await run.signal(number);
  }

  /** Ends one that could not be adopted yet, for somebody who wants it to have ended. */
  async #endWaiting(container: Container, waiting: WaitingMachine): Promise<void> {
    await this.#lifecycle.noteStoppedByUser(container, true);
    await waiting.end();
  }

  async restart(query: string, options: OperationOptions & { readonly timeoutSeconds?: number } = {}): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    await container.queue.run(async () => {
      if (container.removed) throw notFound(query);
      await this.#restarts.startedByUser(container, async () => {
        await this.#lifecycle.stop(container, options.timeoutSeconds);
        if (container.removed) throw notFound(query);
        await this.#lifecycle.start(container, options);
      });
    });
    return container.info();
  }

  async rename(query: string, name: string): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    await container.queue.run(async () => {
      if (container.removed) throw notFound(query);
      const identity = this.#table.reserve(name);
      try {
        await this.#lifecycle.update(container, { name });
        await this.#networks.refresh(container).catch((error: unknown) => this.#options.log.error('A network could not be told a container’s new name', error, { container: container.id }));
      } finally {
        this.#table.release(identity);
      }
    });
    return container.info();
  }

  async remove(query: string, options: { readonly force?: boolean; readonly volumes?: boolean } = {}): Promise<void> {
    const container = this.#table.find(query);
    // A disk that is thrown away need not be written.
    if (options.force && container.run?.paused) await container.run.machine.kill();
    if (container.waiting && !options.force) throw stillRunning(container);
    await container.waiting?.end();
    if (options.force) container.endFileUse?.(new BerthError('TransferEnded', `Files of container “${container.name}” are not copied any further: it is removed.`));
    if (options.force && container.state === 'stopping') await this.#lifecycle.stop(container, 0);
    await container.queue.run(async () => {
      if (container.state === 'stopping') await container.settled; // Its policy may want it to start again then.
      const pending = container.pendingRestart !== undefined;
      if (pending || (container.run && container.state === 'running')) {
        if (!options.force) throw stillRunning(container, pending ? 'about to start again' : 'running');
        await this.#lifecycle.stop(container, 0);
      }
      await container.settled;
      if (!container.removed) await this.#lifecycle.remove(container, options.volumes || container.record.removeOnExit);
    });
  }

  list(options: { readonly all?: boolean } = {}): Promise<ContainerInfo[]> {
    const shown = this.#table.all().filter((container) => options.all || container.active || container.pendingRestart !== undefined);
    return Promise.resolve(shown.map((container) => container.info()).sort((one, other) => other.createdAt.localeCompare(one.createdAt)));
  }

  inspect(query: string): Promise<ContainerInfo> {
    return new Promise((resolve) => resolve(this.#table.find(query).info()));
  }

  async wait(query: string, signal?: AbortSignal): Promise<{ readonly exitCode: number }> {
    const container = this.#table.find(query);
    if (container.state === 'starting') await abortable(container.queue.run(() => Promise.resolve()), signal);
    if (container.active && container.settled) await abortable(container.settled, signal);
    const { exitCode, error } = container.record;
    if (container.removed && exitCode === undefined && !error) throw notFound(query);
    if (exitCode === undefined && error) throw new BerthError('VmFailed', error.message, error.console === undefined ? {} : { data: { console: error.console } });
    return { exitCode: exitCode ?? 0 };
  }

  async attach(query: string, options: OperationOptions & { readonly start?: boolean; readonly replay?: boolean } = {}): Promise<ProcessStreams> {
    const container = this.#table.find(query);
    const started = options.start === true && container.state !== 'running';
    const letGo = started ? container.output.keepNextRun() : undefined;
    try {
      if (started) await this.start(query, options);
      const { run, settled, waiting } = container;
      if (waiting) throw waiting.reason;
      if (!run || !settled) throw notRunning(container);
      return firstProcessStreams(run, container.output, started || options.replay ? container.output.runStart : container.output.end, settled);
    } finally {
      letGo?.();
    }
  }

  async exec(query: string, process: ExecOptions): Promise<ProcessStreams> {
    return execProcess(this.#table.running(query), process);
  }

  logs(query: string, options: LogViewOptions = {}): AsyncGenerator<LogEntry> {
    return viewLog(this.#table.find(query).output, options);
  }

  onDidChange(listener: (event: ContainerEvent) => void): () => void {
    return this.#table.onDidChange(listener);
  }

  onNotice(listener: (message: string) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => this.#noticeListeners.delete(listener);
  }

  async dispose(): Promise<void> {
    this.#restarts.dispose(this.#table.all());
    this.#table.dispose();
    this.#noticeListeners.clear();
    await this.#lifecycle.endStarts();
    await Promise.all(this.#table.all().map(async ({ run, settled, health, waiting }) => {
      health?.stop();
      waiting?.release();
      await run?.release();
      if (run?.over) await settled;
    }));
    await Promise.all([this.files.settled(), this.access.grants.dispose()]);
    await this.#networks.dispose();
    await this.#pruning.run(() => Promise.resolve());
  }

  #watchHealth(container: Container, run: ContainerRun): void {
    const check = container.record.healthCheck;
    container.health = check && new HealthMonitor({ container, run, check, log: this.#options.log, changed: () => this.#onChanged(container) });
  }

  #onChanged(container: Container): void {
    this.#table.changed(container);
    if (!container.removed) return;
    this.#restarts.cancel(container);
    void this.pruneDisks();
  }
}
