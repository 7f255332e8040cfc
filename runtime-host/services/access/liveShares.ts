import type { Logger } from '../../base/log.ts';
import type { GuestClient } from '../../guest/guestClient.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { Mount } from '../../protocol/types.ts';
import type { Container } from '../container.ts';
import { notRunning, type ContainerTable } from '../containerTable.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import { checkMountSources } from '../specification/containerSpec.ts';
import type { MountPolicy } from '../specification/mountPolicy.ts';
import { LiveShare } from './liveShare.ts';
import { findShared } from './sharedProgram.ts';

export interface LiveSharesOptions {
  readonly table: ContainerTable;
  readonly policy: MountPolicy;
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  readonly notify: (message: string) => void;
}

/** A server that has lasted this long may be started again whatever was before. */
const steadyMilliseconds = 60_000;
/** A guest that has not mounted a directory by then keeps nobody any longer from doing something else with the container. */
const mountMilliseconds = 60_000;
const mostFailures = 5;

/** The directories of running containers that can be taken away, by container and place. */
export class LiveShares {
  readonly #options: LiveSharesOptions;
  readonly #shares = new Map<string, Map<string, LiveShare>>();
  /** How often the server of a directory has ended, lately. */
  readonly #failures = new WeakMap<Mount, number>();

  constructor(options: LiveSharesOptions) {
    this.#options = options;
    options.table.onRunBegan((container, run) => this.#began(container, run));
    options.table.onDispose(() => {
      for (const id of [...this.#shares.keys()]) this.#drop(id);
    });
  }

  /**
   * Mounts a container's directories before its first process starts; they get their places then.
   * @throws BerthError FolderInvalid, GuestFailed
   */
  async prepare(container: Container, guest: GuestClient, signal: AbortSignal): Promise<void> {
    const mounts = revocable(container.record.mounts);
    if (mounts.length === 0) return;
    const program = await findShared(this.#options.environment);
    const opened = await Promise.allSettled(mounts.map((mount) => LiveShare.open(guest, program, mount, true, signal)));
    for (const result of opened) if (result.status === 'fulfilled') this.#keep(container, result.value);
    const failure = opened.find((result) => result.status === 'rejected');
    if (failure) throw BerthError.from(failure.reason);
  }

  /** A start has failed. */
  ended(container: Container): void {
    this.#drop(container.id);
  }

  /** Mounts a directory in a container that runs. @throws BerthError FolderInvalid, GuestFailed, ContainerNotRunning */
  async add(container: Container, run: ContainerRun, mount: Mount): Promise<void> {
    const program = await findShared(this.#options.environment);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new BerthError('GuestFailed', `The virtual machine of container “${container.name}” did not mount the folder ${mount.source} in time.`)), mountMilliseconds);
    const share = await run.explained(LiveShare.open(run.guest, program, mount, false, limit.signal)).finally(() => clearTimeout(timer));
    if (run.over) { // Nobody would end its server.
      share.drop();
      throw notRunning(container);
    }
    this.#keep(container, share, run);
  }

  /** Takes the directory at a place of a container away, if there is one. */
  async take(container: Container, target: string): Promise<void> {
    const share = this.#shares.get(container.id)?.get(target);
    this.#shares.get(container.id)?.delete(target);
    await share?.close();
  }

  /** Process ids of the servers, by place in the container. */
  servers(container: Container): ReadonlyMap<string, number | undefined> {
    return new Map([...(this.#shares.get(container.id) ?? [])].map(([target, { pid }]) => [target, pid]));
  }

  #began(container: Container, run: ContainerRun): void {
    // Until then the guest may have something to write.
    void run.finished.then(() => this.#drop(container.id));
    const prepared = this.#shares.get(container.id);
    if (prepared) for (const share of prepared.values()) this.#watch(container, run, share);
    else void container.queue.run(() => this.#resume(container, run));
  }

  /** Of a container that an earlier host has started: what that served went with it. */
  async #resume(container: Container, run: ContainerRun): Promise<void> {
    for (const mount of revocable(container.record.mounts)) {
      if (container.run !== run || this.#shares.get(container.id)?.has(mount.target)) continue;
      await this.#again(container, run, mount);
    }
  }

  async #again(container: Container, run: ContainerRun, mount: Mount): Promise<void> {
    try {
      await checkMountSources([mount]);
      await this.#options.policy.check([mount]);
      await this.add(container, run, mount);
    } catch (error) {
      if (run.over || container.run !== run) return;
      this.#options.log.error('A directory could not be shared again', error, { container: container.id, path: mount.source });
      this.#options.notify(`Container “${container.name}” runs on without the folder ${mount.source}: ${BerthError.from(error).message}`);
    }
  }

  #keep(container: Container, share: LiveShare, run?: ContainerRun): void {
    const shares = this.#shares.get(container.id) ?? new Map<string, LiveShare>();
    this.#shares.set(container.id, shares.set(share.mount.target, share));
    if (run) this.#watch(container, run, share);
  }

  /** One that ends although nobody wanted that is started anew: what is open in it gives errors, what is opened then works. */
  #watch(container: Container, run: ContainerRun, share: LiveShare): void {
    const since = performance.now();
    const isWanted = (): boolean => container.run === run && !run.over && run.guest.connected && this.#shares.get(container.id)?.get(share.mount.target) === share;
    const replace = async (): Promise<void> => {
      if (!isWanted()) return;
      this.#options.log.warn('The server of a shared directory has ended', { container: container.id, path: share.mount.source });
      await this.take(container, share.mount.target);
      const failures = performance.now() - since > steadyMilliseconds ? 1 : (this.#failures.get(share.mount) ?? 0) + 1;
      this.#failures.set(share.mount, failures);
      if (failures < mostFailures) await this.#again(container, run, share.mount);
      else this.#options.notify(`Container “${container.name}” runs on without the folder ${share.mount.source}: its server ended again and again. The log of the runtime host has the details.`);
    };
    void share.ended.then(() => (isWanted() ? container.queue.run(replace) : undefined)).catch((error: unknown) => this.#options.log.error('A directory could not be shared again', error, { container: container.id }));
  }

  #drop(id: string): void {
    const shares = this.#shares.get(id);
    this.#shares.delete(id);
    for (const share of shares?.values() ?? []) share.drop();
  }
}

function revocable(mounts: readonly Mount[]): Mount[] {
  return mounts.filter((mount) => mount.revocable);
}
