import { rm } from 'node:fs/promises';
import type { Logger } from '../base/log.ts';
import type { ReportProgress } from '../base/progress.ts';
import { BerthError } from '../protocol/errors.ts';
import type { ContainerState, ErrorSummary } from '../protocol/types.ts';
import type { ContainerStore } from '../store/containerStore.ts';
import type { ContainerRecord } from '../store/containerRecord.ts';
import type { Container } from './container.ts';
import type { ContainerTable } from './containerTable.ts';
import { startRun, type ContainerRun, type RunEnd } from './run/containerRun.ts';
import { withMaintenance, type UseGuest } from './files/maintenance.ts';
import type { LiveShares } from './access/liveShares.ts';
import type { RunConnections } from './connections/runConnections.ts';
import type { RunNetworks } from './networks/runNetworks.ts';
import { answered, exists, within } from './run/patience.ts';
import type { RunContext, RunSurroundings } from './run/runContext.ts';
import { prepareRun, type PreparationDependencies } from './run/runPreparation.ts';
import { sigkill, signalNumber } from './specification/signals.ts';
import type { VmLimits } from './run/vmLimits.ts';
import { claimVolumes } from './volumes/volumeUse.ts';

const defaultStopSeconds = 10;

export interface LifecycleDependencies extends PreparationDependencies {
  readonly store: ContainerStore;
  readonly table: ContainerTable;
  readonly networks: RunNetworks;
  readonly connections: RunConnections;
  readonly shares: LiveShares;
  readonly log: Logger;
  readonly hostVersion: string;
  readonly limits: VmLimits;
  /** Tells the clients. */
  readonly changed: (container: Container) => void;
  /** Tells the user, whatever they are doing with Berth. */
  readonly notify: (message: string) => void;
  /** A run has begun, or was adopted. */
  readonly began: (container: Container, run: ContainerRun) => void;
  /** A run has ended, and the record says how. */
  readonly ended: (container: Container) => void;
}

export interface StartOptions {
  readonly signal?: AbortSignal;
  readonly progress?: ReportProgress;
  /** How often it was restarted since somebody started it, this time included. */
  readonly restartCount?: number;
}

/** Takes containers through their states. Callers see to it that one container has one operation at a time. */
export class ContainerLifecycle {
  readonly #deps: LifecycleDependencies;
  readonly #starts = new Set<Promise<void>>();
  readonly #ending = new AbortController();

  constructor(deps: LifecycleDependencies) {
    this.#deps = deps;
  }

  context(container: Container): RunContext {
    const { log, hostVersion, limits, notify, changed } = this.#deps;
    const pauseChanged = (): void => changed(container);
    // As it is when somebody looks: names change.
    return { get record() { return container.record; }, paths: container.paths, output: container.output, log, hostVersion, limits, notify, pauseChanged };
  }

  /**
   * A start that fails leaves the container as it was, except that one with `removeOnExit` is removed. The record says
   * `running` from before the VM runs, so that no VM runs without a record of it, and is written while the VM boots.
   */
  async start(container: Container, { signal, ...options }: StartOptions = {}): Promise<void> {
    this.#ending.signal.throwIfAborted();
    const start = this.#start(container, { ...options, signal: AbortSignal.any([this.#ending.signal, ...(signal ? [signal] : [])]) });
    this.#starts.add(start);
    try {
      await start;
    } finally {
      this.#starts.delete(start);
    }
  }

  /** Nothing is started any more, and what is being started is left as it was: this host would not see it run. */
  async endStarts(): Promise<void> {
    this.#ending.abort(new BerthError('Cancelled', 'The runtime host ends and starts nothing any more. Try again.'));
    await Promise.allSettled(this.#starts);
  }

  async #start(container: Container, options: StartOptions): Promise<void> {
    const before = { state: container.state, record: container.record, fresh: !(await exists(container.paths.overlay)) };
    try {
      claimVolumes(container, this.#deps.table.all(), this.#deps.volumes);
      this.#setState(container, 'starting');
      options.progress?.({ message: 'Booting the virtual machine' });
      const surroundings = await this.#deps.connections.open(container);
      const { exitCode: _code, oomKilled: _oom, error: _error, finishedAt: _finished, stoppedByUser: _stopped, restartCount: _count, ambientEnv: _ambient, whenUnused: _unused, ...kept } = container.record;
      const { restartCount } = options;
      const saved = this.#save(container, { ...kept, ...(restartCount ? { restartCount } : {}), ...(surroundings.environment.length > 0 && { ambientEnv: surroundings.environment }), state: 'running', startedAt: new Date().toISOString() });
      const [run] = await Promise.allSettled([this.#boot(container, surroundings, options.signal), saved]);
      if (run.status === 'rejected') throw run.reason;
      await saved.catch(async (error: unknown) => {
        await run.value.release();
        await run.value.machine.kill();
        throw error;
      });
      container.record = { ...container.record, startedAt: new Date().toISOString() };
      this.took(container, run.value);
    } catch (error) {
      await this.#undoStart(container, before);
      throw BerthError.from(error);
    }
  }

  /** From now on the container runs in this run's VM; its end is taken care of. */
  took(container: Container, run: ContainerRun): void {
    container.run = run;
    const noted = run.exited.then(async (end) => {
      if (container.state === 'running') this.#setState(container, 'stopping');
      await this.#noteStatus(container, end);
    });
    container.settled = run.finished.then(async (end) => {
      await noted;
      return this.#finish(container, end);
    });
    this.#deps.began(container, run);
    // One that was adopted was running before, and the services still have to hear of it.
    if (container.state === 'running') this.#deps.changed(container);
    else this.#setState(container, 'running');
  }

  /** Asks, waits, kills; answers when the VM has ended and the record says so. */
  async stop(container: Container, timeoutSeconds = container.record.stopTimeoutSeconds ?? defaultStopSeconds): Promise<void> {
    const { run, settled } = container;
    if (!run || !settled) return;
    const { obey } = this.#deps.limits;
    this.#setState(container, 'stopping');
    run.expectEnd();
    try {
      // Who cannot notice the signal will not end for it, however long one waits.
      const patience = (await answered(run.signal(signalNumber(container.record.stopSignal ?? 'TERM')), obey)) ? timeoutSeconds * 1000 : 0;
      if (!(await within(run.exited, patience))) await answered(run.signal(sigkill), obey);
      if (!(await within(run.exited, obey))) throw new BerthError('GuestFailed', 'The process did not end when it was killed.');
    } catch (error) {
      // It may have ended by itself meanwhile; else its guest does not obey, and only ending the VM is left.
      if (!(await within(run.exited, 0))) {
        this.#deps.log.error('A container did not stop in order; its virtual machine is ended', error, { container: container.id });
        await run.giveUp();
      }
    }
    await settled;
  }

  /** Changes what can be changed of a container at any time. */
  async update(container: Container, changes: Partial<Pick<ContainerRecord, 'name' | 'connection' | 'whenUnused' | 'mounts'>>): Promise<void> {
    await this.#save(container, { ...container.record, ...changes });
    this.#deps.changed(container);
  }

  /**
   * Before somebody's wish takes effect, so that a host that is killed meanwhile does not act against it. This host knows
   * it also when it cannot be written: a full disk keeps nobody from stopping what fills it.
   */
  async noteStoppedByUser(container: Container, stoppedByUser: boolean): Promise<void> {
    if (!container.record.restart || (container.record.stoppedByUser ?? false) === stoppedByUser) return;
    await this.#save(container, { ...container.record, stoppedByUser }).catch((error: unknown) => {
      this.#deps.log.error('That somebody has stopped a container could not be recorded yet', error, { container: container.id });
    });
  }

  /** Notes why a policy could not bring it back and does not try any more. It is a failure of the container's, as docker has it. */
  async giveUp(container: Container, reason: BerthError, restartCount: number): Promise<void> {
    const { code, message } = reason;
    const error = { ...summaryOf(reason), code, message: `Container “${container.name}” could not be started again, and is not tried any more: ${message}` };
    this.#deps.notify(error.message);
    await this.#save(container, { ...container.record, error, restartCount }).catch((failure: unknown) => {
      this.#deps.log.error('That a container could not be started again could not be recorded', failure, { container: container.id });
    });
    this.#deps.changed(container);
  }

  /** Of one whose end was found out when it was adopted. */
  noteEnded(container: Container): void {
    this.#deps.ended(container);
  }

  /** @param withVolumes whether its anonymous volumes go, too */
  async remove(container: Container, withVolumes: boolean): Promise<void> {
    await container.output.hold();
    if (!withVolumes) await this.#deps.volumes.keepOwned(container.id);
    // Not while its record is written, which would fail, or bring it back.
    await container.saves.run(async () => {
      await this.#deps.store.remove(container.id);
      container.removed = true;
    });
    this.#deps.changed(container);
    if (withVolumes) await this.#deps.volumes.removeOwned(container.id);
  }

  /** Notes that a container does not run any more, and why. */
  async markStopped(container: Container, error?: BerthError): Promise<void> {
    await Promise.all([this.#deps.networks.leave(container), this.#deps.connections.ended(container)]);
    await rm(container.paths.sockets, { recursive: true, force: true });
    if (container.record.removeOnExit) {
      await this.remove(container, true);
      return;
    }
    await this.#save(container, {
      ...container.record,
      state: 'stopped',
      finishedAt: new Date().toISOString(),
      ...(error ? { error: summaryOf(error) } : {}),
    });
    this.#setState(container, 'stopped');
  }

  /**
   * Lets `use` work with the files of a container that does not run, in a VM that ends with it. Nothing else of it changes:
   * not its state, nor its record.
   */
  async withFiles<Result>(container: Container, signal: AbortSignal, use: UseGuest<Result>): Promise<Result> {
    claimVolumes(container, this.#deps.table.all(), this.#deps.volumes);
    const { basis, storage } = await prepareRun(container, this.#deps, signal);
    return withMaintenance(this.context(container), basis, storage, signal, use);
  }

  async #boot(container: Container, surroundings: RunSurroundings, signal: AbortSignal | undefined): Promise<ContainerRun> {
    // Both are waited for: what came into being is to be undone when the other fails.
    const [prepared, network] = await Promise.allSettled([prepareRun(container, this.#deps, signal), this.#deps.networks.join(container)]);
    if (prepared.status === 'rejected') throw prepared.reason;
    if (network.status === 'rejected') throw network.reason;
    signal?.throwIfAborted();
    return startRun(this.context(container), { ...prepared.value, network: network.value, surroundings, prepareShares: (guest, limit) => this.#deps.shares.prepare(container, guest, limit) }, signal);
  }

  async #undoStart(container: Container, before: { readonly state: ContainerState; readonly record: ContainerRecord; readonly fresh: boolean }): Promise<void> {
    const { paths, record } = container;
    try {
      this.#deps.shares.ended(container);
      await Promise.all([this.#deps.networks.leave(container), this.#deps.connections.ended(container)]);
      await rm(paths.sockets, { recursive: true, force: true });
      if (record.removeOnExit) {
        container.state = 'stopped';
        await this.remove(container, true);
        return;
      }
      if (before.fresh) await Promise.all([...[paths.overlay, paths.bootLog, paths.qemuLog].map((path) => rm(path, { force: true })), container.output.remove()]);
      await this.#save(container, before.record);
    } catch (error) {
      // What went wrong first is what the user is told.
      this.#deps.log.error('A container that did not start could not be put back', error, { container: container.id });
      container.record = before.record;
    }
    this.#setState(container, before.state);
  }

  /** The VM takes a while to end; should the host be killed meanwhile, the next one still knows how the process did. */
  async #noteStatus(container: Container, end: RunEnd): Promise<void> {
    if (!('exitCode' in end)) return;
    container.record = { ...container.record, ...end };
    if (container.record.removeOnExit) return;
    await this.#save(container, container.record).catch((error: unknown) => {
      this.#deps.log.error('The exit status of a container could not be recorded yet', error, { container: container.id });
    });
  }

  async #finish(container: Container, end: RunEnd): Promise<RunEnd> {
    container.run = undefined;
    try {
      await this.markStopped(container, 'error' in end ? end.error : undefined);
    } catch (error) {
      this.#deps.log.error('The end of a container could not be recorded', error, { container: container.id });
      this.#setState(container, 'stopped');
    }
    this.#deps.ended(container);
    return end;
  }

  async #save(container: Container, record: ContainerRecord): Promise<void> {
    container.record = record;
    // One after the other, and always the newest: an older one must not come last.
    await container.saves.run(async () => {
      if (!container.removed) await this.#deps.store.save(container.record);
    });
  }

  #setState(container: Container, state: Container['state']): void {
    if (container.state === state) return;
    container.state = state;
    this.#deps.changed(container);
  }
}

function summaryOf({ code, message, data }: BerthError): ErrorSummary {
  const console = data?.['console'];
  return { code, message, ...(typeof console === 'string' && console !== '' ? { console } : {}) };
}
