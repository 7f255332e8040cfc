import type { Logger } from '../../base/log.ts';
import type { ContainerInfo, WhenUnused } from '../../protocol/types.ts';
import type { Container } from '../container.ts';
import type { ContainerTable } from '../containerTable.ts';

/** How long containers go on without users, in milliseconds. */
export interface Grace {
  /** After the last one has gone. */
  readonly users: number;
  /** In a new host, whose users have to find out first that the last one is gone. */
  readonly orphans: number;
}

/** A window that reloads is back before, also on a machine that is busy. */
const defaultSeconds = 30;

/** `BERTH_UNUSED_SECONDS` counts for the first, where it is set. */
export function graceFrom(environment: NodeJS.ProcessEnv): Grace {
  const given = Number(environment['BERTH_UNUSED_SECONDS'] ?? defaultSeconds);
  return { users: (Number.isFinite(given) && given >= 0 ? given : defaultSeconds) * 1000, orphans: 120_000 };
}

/** Whoever uses containers; compared by identity. */
export type ContainerUser = object;

/** What clients say about the containers that they work with. */
export interface Uses {
  /**
   * From now on, until {@link release} or {@link gone}, the container has this user. What shall become of it without users is as the
   * last one has said, until its run ends.
   * @throws BerthError ContainerNotFound
   */
  use(container: string, user: ContainerUser, whenUnused: WhenUnused): Promise<ContainerInfo>;
  /** One that is not used is no error. @throws BerthError ContainerNotFound */
  release(container: string, user: ContainerUser): void;
  /** The user is gone with all its uses. */
  gone(user: ContainerUser): void;
}

export interface ContainerUsesOptions {
  readonly table: ContainerTable;
  readonly log: Logger;
  /** Keeps in the record what was wished, for the next host. */
  readonly remember: (container: Container, whenUnused: WhenUnused) => Promise<void>;
  /** @param unless asked when it is this one's turn among what is done with the container: somebody uses it again */
  readonly stop: (id: string, unless: () => boolean) => Promise<unknown>;
  readonly grace: Grace;
}

/**
 * Stops containers that nobody uses any more, where their users have asked for it. The wish is in the record while the
 * container runs, so that a host that is killed takes it to its successor.
 */
export class ContainerUses implements Uses {
  readonly #options: ContainerUsesOptions;
  readonly #users = new Map<string, Map<ContainerUser, WhenUnused>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(options: ContainerUsesOptions) {
    this.#options = options;
    const { table } = options;
    table.onRunBegan((container) => this.#began(container));
    table.onDidChange(({ id, info }) => {
      if (info && info.state !== 'stopped') return;
      this.#cancel(id);
      if (!info) this.#users.delete(id);
    });
    table.onDispose(() => {
      for (const id of this.#timers.keys()) this.#cancel(id);
    });
  }

  async use(query: string, user: ContainerUser, whenUnused: WhenUnused): Promise<ContainerInfo> {
    const container = this.#options.table.find(query);
    const users = this.#users.get(container.id) ?? new Map<ContainerUser, WhenUnused>();
    this.#users.set(container.id, users);
    users.delete(user); // The last one comes last.
    users.set(user, whenUnused);
    this.#cancel(container.id);
    if (container.active) await this.#remember(container, whenUnused);
    return container.info();
  }

  release(query: string, user: ContainerUser): void {
    this.#leave(this.#options.table.find(query).id, user);
  }

  gone(user: ContainerUser): void {
    for (const id of [...this.#users.keys()]) this.#leave(id, user);
  }

  #leave(id: string, user: ContainerUser): void {
    const users = this.#users.get(id);
    if (!users?.delete(user) || users.size > 0) return;
    this.#users.delete(id);
    const container = this.#options.table.all().find((one) => one.id === id);
    if (container) this.#stopLater(container, this.#options.grace.users);
  }

  /** It was started, or found by this host; those who use it wish what they did before. */
  #began(container: Container): void {
    const wish = [...(this.#users.get(container.id)?.values() ?? [])].at(-1);
    if (wish) void this.#remember(container, wish).catch((error: unknown) => this.#options.log.error('What becomes of a container without users could not be recorded', error, { container: container.id }));
    else this.#stopLater(container, this.#options.grace.orphans);
  }

  async #remember(container: Container, whenUnused: WhenUnused): Promise<void> {
    if ((container.record.whenUnused ?? 'nothing') !== whenUnused) await this.#options.remember(container, whenUnused);
  }

  #stopLater(container: Container, milliseconds: number): void {
    const { id } = container;
    if (container.record.whenUnused !== 'stop' || !container.active) return;
    this.#cancel(id);
    this.#timers.set(id, setTimeout(() => {
      this.#timers.delete(id);
      void this.#stop(container);
    }, milliseconds));
  }

  async #stop(container: Container): Promise<void> {
    const { log, stop } = this.#options;
    log.info('A container that nobody uses any more is stopped.', { container: container.id });
    await stop(container.id, () => this.#users.has(container.id)).catch((error: unknown) => {
      if (!container.removed) log.error('A container that nobody uses any more could not be stopped', error, { container: container.id });
    });
  }

  #cancel(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}
