import { BerthError } from '../../protocol/errors.ts';
import type { ContainerInfo, Mount } from '../../protocol/types.ts';
import type { Container } from '../container.ts';
import type { ContainerLifecycle } from '../containerLifecycle.ts';
import { notFound, type ContainerTable } from '../containerTable.ts';
import { checkMount } from '../specification/containerSpec.ts';
import type { MountPolicy } from '../specification/mountPolicy.ts';
import { cleanTarget } from '../specification/mountTargets.ts';
import { checkDeviceCount } from '../specification/volumeMounts.ts';
import type { LiveShares } from './liveShares.ts';

/** Directories that come and go after a container was created. */
export class ShareService {
  readonly #table: ContainerTable;
  readonly #lifecycle: ContainerLifecycle;
  readonly #policy: MountPolicy;
  readonly #live: Pick<LiveShares, 'add' | 'take'>;

  constructor(table: ContainerTable, lifecycle: ContainerLifecycle, policy: MountPolicy, live: Pick<LiveShares, 'add' | 'take'>) {
    this.#table = table;
    this.#lifecycle = lifecycle;
    this.#policy = policy;
    this.#live = live;
  }

  /**
   * Gives a container a directory, now and at every start. One that it has at that place already in the same way is enough.
   * @throws BerthError ContainerNotFound, InvalidArgument, FolderInvalid, FolderProtected, GuestFailed
   */
  async share(query: string, wanted: Mount): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    await container.queue.run(async () => {
      if (container.removed) throw notFound(query);
      const mount = await checkMount({ ...wanted, revocable: true });
      await this.#policy.check([mount]);
      const { mounts } = container.record;
      if (mounts.some((other) => isSame(other, mount))) return;
      checkTarget(container, mount.target);
      checkDeviceCount(mounts.length + 1, container.record.volumes?.length ?? 0, container.record.connection?.networks.length ?? 0);
      if (container.state === 'stopping') await container.settled;
      const running = container.active ? this.#table.running(container.id) : undefined;
      if (running) await this.#live.add(container, running.run, mount);
      try {
        await this.#lifecycle.update(container, { mounts: [...mounts, mount] });
      } catch (error) {
        await this.#live.take(container, mount.target);
        throw error;
      }
    });
    return container.info();
  }

  /**
   * @param target place in the container
   * @throws BerthError ContainerNotFound; InvalidArgument when nothing is shared there; ContainerRunning when it cannot be
   *   taken away while the container runs
   */
  async unshare(query: string, target: string): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    const place = cleanTarget(target);
    await container.queue.run(async () => {
      if (container.removed) throw notFound(query);
      if (!container.record.mounts.some((mount) => mount.target === place)) throw new BerthError('InvalidArgument', `No directory is shared at “${place}” of container “${container.name}”. “container inspect” shows where some are.`, { data: { id: container.id } });
      await this.#take(container, (mount) => mount.target === place);
    });
    return container.info();
  }

  /** Takes all directories away that are meant, as far as the container still has them. @throws BerthError ContainerRunning */
  async withdraw(container: Container, isMeant: (mount: Mount) => boolean): Promise<void> {
    await container.queue.run(async () => {
      if (!container.removed && container.record.mounts.some(isMeant)) await this.#take(container, isMeant);
    });
  }

  async #take(container: Container, isMeant: (mount: Mount) => boolean): Promise<void> {
    if (container.state === 'stopping') await container.settled;
    const { mounts } = container.record;
    const taken = mounts.filter(isMeant);
    if (container.active && !taken.every(({ revocable }) => revocable)) throw mustNotRun(container);
    // First: should this host be killed now, the next one does not bring them back. And should the record not be written,
    // because a disk is full, they go all the same.
    const recorded = this.#lifecycle.update(container, { mounts: mounts.filter((mount) => !taken.includes(mount)) });
    await recorded.catch(() => undefined);
    await Promise.all(taken.map(({ target }) => this.#live.take(container, target)));
    await recorded;
  }
}

function isSame(one: Mount, other: Mount): boolean {
  return one.source === other.source && one.target === other.target && one.readOnly === other.readOnly;
}

function checkTarget({ name, record }: Container, target: string): void {
  const taken = [...record.mounts, ...(record.volumes ?? []), ...(record.world?.tmpfs ?? [])].some((other) => other.target === target);
  if (taken) throw new BerthError('InvalidArgument', `Something else is mounted at “${target}” of container “${name}”. Choose another place.`, { data: { option: 'mounts' } });
}

function mustNotRun(container: Container): BerthError {
  return new BerthError('ContainerRunning', `Container “${container.name}” got this directory when it was created, and cannot lose it while it runs. Stop it first.`, { data: { id: container.id } });
}
