import { randomBytes } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { allocatedBytes } from '../../base/allocatedBytes.ts';
import type { Logger } from '../../base/log.ts';
import { SerialQueue } from '../../base/serialQueue.ts';
import { createVolumeDisk, volumeDiskSize } from '../../ext4/volumeDisk.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { PruneFilters, PruneResult } from '../../protocol/types.ts';
import { defaultVolumeBytes, volumeNamePattern, type ContainerVolume, type VolumeInfo, type VolumeMount, type VolumeSpec } from '../../protocol/volumes.ts';
import type { VolumeRecord } from '../../store/volumeRecord.ts';
import { VolumeStore } from '../../store/volumeStore.ts';
import type { Container } from '../container.ts';
import type { ContainerTable } from '../containerTable.ts';
import type { VolumeService } from '../interfaces.ts';
import { isMeant } from '../pruneFilters.ts';

export interface VolumeServiceOptions {
  readonly paths: BerthPaths;
  readonly table: ContainerTable;
  readonly log: Logger;
}

/** Containers that cannot be read: what they use nobody knows. */
type Unreadable = ReadonlySet<string>;

/** The volumes of this host. {@link load} must be called once, when the table holds the containers, before anything else. */
export class HostVolumeService implements VolumeService {
  readonly #options: VolumeServiceOptions;
  readonly #store: VolumeStore;
  readonly #volumes = new Map<string, VolumeRecord>();
  /** Volumes of containers that are just being created, and how many those are. */
  readonly #held = new Map<string, number>();
  /** What happens to one volume happens in turn. */
  readonly #queues = new Map<string, SerialQueue>();
  readonly #listeners = new Set<(event: { readonly name: string; readonly info?: VolumeInfo }) => void>();
  #unreadable: Unreadable = new Set();

  constructor(options: VolumeServiceOptions) {
    this.#options = options;
    this.#store = new VolumeStore(options.paths, options.log);
  }

  /** Volumes that were made for containers which never came into being, or are gone, go as well. */
  async load(unreadable: Unreadable): Promise<void> {
    this.#unreadable = unreadable;
    for (const record of await this.#store.load()) this.#volumes.set(record.name, record);
    const known = new Set([...unreadable, ...this.#options.table.all().map(({ id }) => id)]);
    for (const { name, container } of [...this.#volumes.values()]) {
      if (container === undefined || known.has(container) || this.#usersOf(name).length > 0) continue;
      this.#options.log.info('Removed an anonymous volume whose container is gone.', { volume: name, container });
      await this.#discard(name);
    }
  }

  async create(spec: VolumeSpec): Promise<VolumeInfo> {
    const name = spec.name ?? randomBytes(32).toString('hex');
    checkName(name);
    return this.#inTurn(name, async () => this.#info((await this.#existing(name, spec)) ?? (await this.#make({ ...spec, name }, spec.name === undefined))));
  }

  async list(): Promise<VolumeInfo[]> {
    const infos = await Promise.all([...this.#volumes.values()].map((record) => this.#info(record)));
    return infos.sort((one, other) => one.name.localeCompare(other.name));
  }

  async inspect(name: string): Promise<VolumeInfo> {
    return this.#info(this.find(name));
  }

  /** @throws BerthError VolumeNotFound */
  find(name: string): VolumeRecord {
    const record = this.#volumes.get(name);
    if (!record) throw new BerthError('VolumeNotFound', `There is no volume “${name}”. “container volume ls” lists those that exist.`, { data: { volume: name } });
    return record;
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#inTurn(name, async () => {
      if (options.force && !this.#volumes.has(name)) return;
      this.find(name);
      const [user] = this.#usersOf(name);
      if (user) throw new BerthError('VolumeInUse', `The volume “${name}” is in use: container “${user.name}” refers to it. Remove that container first.`, { data: { volume: name, id: user.id } });
      if (this.#held.has(name)) throw new BerthError('VolumeInUse', `The volume “${name}” is in use: a container with it is just being created.`, { data: { volume: name } });
      await this.#delete(name);
    });
  }

  async prune(options: PruneFilters & { readonly all?: boolean } = {}): Promise<PruneResult> {
    if (this.#unreadable.size > 0) throw new BerthError('VolumeInUse', 'Some containers cannot be read, and any volume may be theirs; so none is removed. “container system logs” names them. Remove volumes by their names.');
    const removed: string[] = [];
    let reclaimedBytes = 0;
    for (const { name, anonymous, allocatedBytes: bytes, ...volume } of await this.list()) {
      if (!isMeant(volume, options) || !(anonymous || options.all) || !(await this.#removeUnused(name))) continue;
      removed.push(name);
      reclaimedBytes += bytes;
    }
    return { removed, reclaimedBytes };
  }

  onDidChange(listener: (event: { readonly name: string; readonly info?: VolumeInfo }) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Finds or makes the volumes of a container that is being created; they stay while `use` runs. When it fails, those
   * that were made for this container go again; named ones stay, as in docker.
   */
  async provide<Result>(container: string, mounts: readonly VolumeMount[], use: (volumes: readonly ContainerVolume[]) => Promise<Result>): Promise<Result> {
    const provided: ContainerVolume[] = [];
    try {
      for (const { volume, target, readOnly, driver, sizeBytes, labels, noCopy } of mounts) {
        const name = volume ?? randomBytes(32).toString('hex');
        checkName(name);
        const spec = { name, ...(driver && { driver }), ...(sizeBytes && { sizeBytes }), ...(labels && { labels }) };
        await this.#inTurn(name, async () => {
          if (!(await this.#existing(name, spec))) await this.#make(spec, volume === undefined, volume === undefined ? container : undefined);
          this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
        });
        provided.push({ name, target, readOnly, ...(noCopy && { noCopy }), ...(volume === undefined && { anonymous: true }) });
      }
      return await use(provided);
    } catch (error) {
      this.#release(provided.splice(0));
      await this.removeOwned(container);
      throw error;
    } finally {
      this.#release(provided);
    }
  }

  /** Removes what was made for a container, except what others use by now. Failures are only logged. */
  async removeOwned(container: string): Promise<void> {
    for (const { name } of this.#ownedBy(container)) {
      await this.#removeUnused(name).catch((error: unknown) => this.#options.log.error('An anonymous volume could not be removed', error, { volume: name, container }));
    }
  }

  /** What was made for a container outlives it. */
  async keepOwned(container: string): Promise<void> {
    for (const { name } of this.#ownedBy(container)) {
      await this.#inTurn(name, async () => {
        const { container: _owner, ...rest } = this.find(name);
        await this.#store.save(rest);
        this.#volumes.set(name, rest);
      });
    }
  }

  #ownedBy(container: string): VolumeRecord[] {
    return [...this.#volumes.values()].filter((record) => record.container === container);
  }

  #release(volumes: readonly ContainerVolume[]): void {
    for (const { name } of volumes) {
      const others = (this.#held.get(name) ?? 1) - 1;
      if (others > 0) this.#held.set(name, others);
      else this.#held.delete(name);
    }
  }

  #usersOf(name: string): Container[] {
    return this.#options.table.all().filter(({ record }) => record.volumes?.some((volume) => volume.name === name));
  }

  /** @throws BerthError VolumeNameInUse when it is not such as is wanted; VolumeInvalid when it cannot be looked at */
  async #existing(name: string, spec: VolumeSpec): Promise<VolumeRecord | undefined> {
    if (this.#store.unreadable.has(name)) throw new BerthError('VolumeInvalid', `The volume “${name}” cannot be used: its directory cannot be read. Correct the permissions of ${this.#options.paths.volume(name).directory}, and start Berth’s runtime host again.`, { data: { volume: name } });
    const record = this.#volumes.get(name);
    if (!record) return undefined;
    const other = spec.driver && spec.driver !== record.driver ? `the driver “${record.driver}”` : spec.sizeBytes && volumeDiskSize(spec.sizeBytes) !== record.sizeBytes ? `another size, ${record.sizeBytes ?? 'unlimited'}` : undefined;
    if (other) throw new BerthError('VolumeNameInUse', `There is a volume “${name}” already, and it has ${other}. Choose another name, or remove it first.`, { data: { volume: name } });
    return record;
  }

  async #make(spec: VolumeSpec & { readonly name: string }, anonymous: boolean, container?: string): Promise<VolumeRecord> {
    const { name, driver = 'ext4', sizeBytes, labels = {} } = spec;
    if (driver === 'shared' && sizeBytes !== undefined) throw new BerthError('InvalidArgument', 'A volume of the driver “shared” has no size of its own: the disk of this machine is its limit.', { data: { option: 'sizeBytes' } });
    const { disk, data } = this.#options.paths.volume(name);
    await this.#store.prepare(name);
    try {
      const size = driver === 'ext4' ? await createVolumeDisk(disk, sizeBytes ?? defaultVolumeBytes) : undefined;
      if (driver === 'shared') await mkdir(data, { mode: 0o755 });
      const record: VolumeRecord = { version: 1, name, driver, createdAt: new Date().toISOString(), labels, anonymous, ...(container && { container }), ...(size && { sizeBytes: size }) };
      await this.#store.save(record);
      this.#volumes.set(name, record);
    } catch (error) {
      await this.#store.remove(name);
      throw error;
    }
    const record = this.find(name);
    this.#tell(name, await this.#info(record));
    return record;
  }

  /** Answers whether it has removed it. */
  async #removeUnused(name: string): Promise<boolean> {
    return this.#inTurn(name, async () => {
      if (!this.#volumes.has(name) || this.#held.has(name) || this.#usersOf(name).length > 0) return false;
      await this.#delete(name);
      return true;
    });
  }

  async #discard(name: string): Promise<void> {
    await this.#delete(name).catch((error: unknown) => this.#options.log.error('A volume could not be removed', error, { volume: name }));
  }

  /** Nobody gets it from the moment in which this is called. */
  async #delete(name: string): Promise<void> {
    const record = this.find(name);
    this.#volumes.delete(name);
    try {
      await this.#store.remove(name);
    } catch (error) {
      if (await stat(this.#options.paths.volume(name).record).catch(() => undefined)) this.#volumes.set(name, record);
      throw error;
    }
    // Only of what nobody asks for again: whoever waits in a queue must not be overtaken by a new one.
    if (record.anonymous) this.#queues.delete(name);
    this.#tell(name);
  }

  #inTurn<Result>(name: string, task: () => Promise<Result>): Promise<Result> {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = new SerialQueue()));
    return queue.run(task);
  }

  #tell(name: string, info?: VolumeInfo): void {
    for (const listener of this.#listeners) listener({ name, ...(info && { info }) });
  }

  async #info(record: VolumeRecord): Promise<VolumeInfo> {
    const { name, driver, createdAt, labels, anonymous, sizeBytes } = record;
    const { disk, data } = this.#options.paths.volume(name);
    const path = driver === 'ext4' ? disk : data;
    const containers = this.#usersOf(name).map((user) => ({
      id: user.id, name: user.name, running: user.active, readOnly: user.record.volumes!.every((volume) => volume.name !== name || volume.readOnly),
    }));
    return { name, driver, createdAt, labels, anonymous, ...(sizeBytes && { sizeBytes }), allocatedBytes: await allocatedBytes(path), path, containers };
  }
}

function checkName(name: string): void {
  if (volumeNamePattern.test(name)) return;
  throw new BerthError('InvalidArgument', `“${name}” cannot be a volume’s name. Use at least two letters, digits, “_”, “.” and “-”, beginning with a letter or digit. For a directory of yours write its absolute path.`);
}
