import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import type { Logger } from '../../base/log.ts';
import { SerialQueue } from '../../base/serialQueue.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { Grant, GrantWish } from '../../protocol/grants.ts';
import { workspaceLabel } from '../../protocol/labels.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { Mount } from '../../protocol/types.ts';
import { GrantStore, type GrantRecord } from '../../store/grantStore.ts';
import type { Container } from '../container.ts';
import type { ContainerTable } from '../containerTable.ts';
import { checkMount } from '../specification/containerSpec.ts';
import type { ShareService } from './shareService.ts';

/** `grant` is absent when it was revoked or forgotten. */
export interface GrantEvent {
  readonly id: string;
  readonly grant?: Grant;
}

export interface GrantServiceOptions {
  readonly paths: BerthPaths;
  readonly table: ContainerTable;
  readonly shares: ShareService;
  readonly log: Logger;
}

/** What users have decided about directories that workspaces ask for. {@link begin} must be called before anything else. */
export class GrantService {
  readonly #table: ContainerTable;
  readonly #shares: ShareService;
  readonly #log: Logger;
  readonly #store: GrantStore;
  readonly #grants = new Map<string, GrantRecord>();
  /** One change at a time. */
  readonly #queue = new SerialQueue();
  readonly #listeners = new Set<(event: GrantEvent) => void>();
  /** Ids of containers that were seen running since they stopped last. */
  readonly #ran = new Set<string>();
  /** By grant, as the listeners know them. */
  readonly #told = new Map<string, string>();

  constructor({ paths, table, shares, log }: GrantServiceOptions) {
    this.#table = table;
    this.#shares = shares;
    this.#log = log;
    this.#store = new GrantStore(paths, log);
  }

  /** To be called once, when it is known which containers run. */
  async begin(): Promise<void> {
    for (const grant of await this.#store.load()) this.#grants.set(grant.id, grant);
    this.#table.onDidChange(() => this.#tell());
    for (const { id, active } of this.#table.all()) if (active) this.#ran.add(id);
    this.#table.onDidChange(({ id, info }) => {
      if (info?.state === 'running') this.#ran.add(id);
      // Only one that ran has had its once: another may have got the directory just now, to start with it.
      else if (!info) this.#ran.delete(id);
      else if (info.state === 'stopped' && this.#ran.delete(id)) this.#expireOf(id);
    });
    await this.#queue.run(() => this.#expire([...this.#grants.values()]));
    this.#tell();
  }

  list(): Grant[] {
    return [...this.#grants.values()].map((record) => this.#info(record)).sort((one, other) => one.decidedAt.localeCompare(other.decidedAt));
  }

  /** @throws BerthError FolderInvalid when the directory is allowed and cannot be shared, InvalidArgument */
  async decide(wish: GrantWish): Promise<Grant> {
    const { readOnly, decision, purpose } = wish;
    const workspace = await realPath(wish.workspace);
    const path = decision === 'deny' ? await realPath(wish.path) : (await checkMount({ source: wish.path, target: '/mnt', readOnly })).source;
    return this.#queue.run(async () => {
      const before = [...this.#grants.values()].find((grant) => grant.workspace === workspace && grant.path === path);
      const grant: GrantRecord = { id: before?.id ?? randomUUID(), workspace, path, readOnly, decision, ...(purpose !== undefined && { purpose }), decidedAt: new Date().toISOString() };
      if (decision === 'deny') await this.#withdraw(grant, () => true);
      else if (readOnly) await this.#withdraw(grant, (mount) => !mount.readOnly);
      await this.#put(grant.id, grant);
      return this.#info(grant);
    });
  }

  /** @throws BerthError GrantNotFound; ContainerRunning when a running container has the directory for good */
  async revoke(id: string): Promise<void> {
    await this.#queue.run(async () => {
      const grant = this.#grants.get(id);
      if (!grant) throw new BerthError('GrantNotFound', `There is no grant “${id}”. “container grant ls” lists those that exist.`, { data: { id } });
      // First: should this host be killed now, no container keeps the directory without a grant that can be revoked again.
      await this.#withdraw(grant, () => true);
      await this.#put(id, undefined);
    });
  }

  onDidChange(listener: (event: GrantEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** When nothing is being changed any more. */
  async dispose(): Promise<void> {
    this.#listeners.clear();
    await this.#queue.run(() => Promise.resolve());
  }

  #expireOf(id: string): void {
    const container = this.#table.all().find((one) => one.id === id);
    const grants = [...this.#grants.values()].filter((grant) => this.#holders(grant).some((holder) => holder === container));
    // Only then it is known whether it is about to start again.
    const over = Promise.resolve(container?.settled).then(() => this.#queue.run(() => this.#expire(grants)));
    over.catch((error: unknown) => this.#log.error('What was allowed once could not be taken back', error, { container: id }));
  }

  /** What was allowed once is over when no container that got it runs, or is about to. */
  async #expire(grants: readonly GrantRecord[]): Promise<void> {
    for (const grant of grants.filter(({ id, decision }) => decision === 'once' && this.#grants.has(id))) {
      const isOver = ({ active, pendingRestart }: Container): boolean => !active && pendingRestart === undefined;
      if (!this.#holders(grant).every(isOver)) continue;
      await this.#withdraw(grant, (_mount, container) => isOver(container));
      if (this.#holders(grant).length === 0) await this.#put(grant.id, undefined);
    }
  }

  async #withdraw(grant: GrantRecord, isMeant: (mount: Mount, container: Container) => boolean): Promise<void> {
    for (const container of this.#holders(grant)) await this.#shares.withdraw(container, (mount) => mount.source === grant.path && isMeant(mount, container));
  }

  #holders({ workspace, path }: GrantRecord): Container[] {
    return this.#table.all().filter(({ record }) => record.labels[workspaceLabel] === workspace && record.mounts.some(({ source }) => source === path && source !== workspace));
  }

  async #put(id: string, grant: GrantRecord | undefined): Promise<void> {
    const changed = new Map(this.#grants);
    if (grant) changed.set(id, grant);
    else changed.delete(id);
    await this.#store.save([...changed.values()]);
    if (grant) this.#grants.set(id, grant);
    else this.#grants.delete(id);
    this.#tell();
  }

  /** Tells of every grant that is not as it was when somebody heard of it last. */
  #tell(): void {
    const present = new Map([...this.#grants.values()].map((record) => [record.id, this.#info(record)]));
    for (const id of [...this.#told.keys()].filter((told) => !present.has(told))) {
      this.#told.delete(id);
      for (const listener of this.#listeners) listener({ id });
    }
    for (const [id, grant] of present) {
      const text = JSON.stringify(grant);
      if (this.#told.get(id) === text) continue;
      this.#told.set(id, text);
      for (const listener of this.#listeners) listener({ id, grant });
    }
  }

  #info(record: GrantRecord): Grant {
    return { ...record, containers: this.#holders(record).map(({ id }) => id) };
  }
}

/** What cannot be reached stays as it is written. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
