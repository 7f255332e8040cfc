import { BerthError } from '../../protocol/errors.ts';
import type { ContainerInfo, Mount } from '../../protocol/types.ts';
import type { Container } from '../container.ts';
import type { ContainerLifecycle } from '../containerLifecycle.ts';
import { notFound, type ContainerTable } from '../containerTable.ts';
import { checkMount } from '../specification/containerSpec.ts';
import type { MountPolicy } from '../specification/mountPolicy.ts';
import { cleanTarget } from '../specification/mountTargets.ts';

/** Directories that come and go after a container was created. */
export class ShareService {
  readonly #table: ContainerTable;
  readonly #lifecycle: ContainerLifecycle;
  readonly #policy: MountPolicy;

  constructor(table: ContainerTable, lifecycle: ContainerLifecycle, policy: MountPolicy) {
    this.#table = table;
    this.#lifecycle = lifecycle;
    this.#policy = policy;
  }

  /**
   * Gives a container a directory, now and at every start. One that it has at that place already in the same way is enough.
   * @throws BerthError ContainerNotFound, InvalidArgument, FolderInvalid, FolderProtected
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
      if (container.active) throw mustNotRun(container);
      await this.#lifecycle.update(container, { mounts: [...mounts, mount] });
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
    if (container.active) throw mustNotRun(container);
    await this.#lifecycle.update(container, { mounts: container.record.mounts.filter((mount) => !isMeant(mount)) });
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
  return new BerthError('ContainerRunning', `The directories of container “${container.name}” cannot be changed while it runs. Stop it first.`, { data: { id: container.id } });
}
