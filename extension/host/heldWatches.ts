import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { describe } from '../errors.ts';
import type { HostSession } from './hostSession.ts';

/** What is watched of containers, and how the host is asked for it. */
export interface Watchable<Value> {
  /** For the log, such as “Listeners”. */
  readonly name: string;
  readonly watch: (client: BerthClient, id: string) => Promise<Value>;
  readonly unwatch: (client: BerthClient, id: string) => Promise<void>;
  /** Calls the listener with every change, until what it returns is called; without a value the container has ended. */
  readonly listen: (client: BerthClient, changed: (id: string, value: Value | undefined) => void) => () => void;
}

interface Watch<Value> {
  /** The run that it belongs to. */
  readonly startedAt: string | undefined;
  value: Value | undefined;
  /** The one before. */
  previous?: Value;
  /** Why nothing is known. */
  problem?: string;
}

/**
 * Something of containers that changes all the time, of those that somebody looks at: the host is asked to tell as long
 * as anybody holds a container, and for no other.
 */
export class HeldWatches<Value> implements vscode.Disposable {
  readonly #watchable: Watchable<Value>;
  readonly #session: HostSession;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<string>();
  readonly #holders = new Map<string, number>();
  readonly #watches = new Map<string, Watch<Value>>();
  /** Requests about one container, one after the other. */
  readonly #requests = new Map<string, Promise<void>>();
  readonly #subscription: vscode.Disposable;
  #client: BerthClient | undefined;
  #stopListening: (() => void) | undefined;

  /** Tells the container's id. */
  readonly onDidChange = this.#changed.event;

  constructor(watchable: Watchable<Value>, session: HostSession, log: vscode.LogOutputChannel) {
    this.#watchable = watchable;
    this.#session = session;
    this.#log = log;
    this.#subscription = session.onDidChange((what) => { if (what === 'containers' || what === 'state') this.#update(); });
  }

  /** Watches the container, whenever it runs, until this is disposed. */
  hold(id: string): vscode.Disposable {
    this.#holders.set(id, (this.#holders.get(id) ?? 0) + 1);
    this.#update();
    let held = true;
    return new vscode.Disposable(() => {
      if (!held) return;
      held = false;
      const others = (this.#holders.get(id) ?? 1) - 1;
      if (others > 0) this.#holders.set(id, others);
      else this.#holders.delete(id);
      this.#update();
    });
  }

  /** Undefined when it is not known (yet). */
  value(id: string): Value | undefined {
    return this.#watches.get(id)?.value;
  }

  /** What it was before; for what is counted. */
  previous(id: string): Value | undefined {
    return this.#watches.get(id)?.previous;
  }

  /** Why it is not known. */
  problem(id: string): string | undefined {
    return this.#watches.get(id)?.problem;
  }

  #update(): void {
    const client = this.#session.client;
    if (client !== this.#client) this.#connected(client);
    if (!client) return;
    for (const [id, watch] of this.#watches) {
      const container = this.#session.container(id);
      const sameRun = container?.state === 'running' && container.startedAt === watch.startedAt;
      if (sameRun && this.#holders.has(id)) continue;
      this.#watches.delete(id);
      if (sameRun) this.#request(id, () => this.#watchable.unwatch(client, id));
      this.#changed.fire(id);
    }
    for (const id of this.#holders.keys()) {
      const container = this.#session.container(id);
      if (container?.state === 'running' && !this.#watches.has(id)) this.#watch(client, id, container.startedAt);
    }
  }

  /** What was asked of a connection ends with it. */
  #connected(client: BerthClient | undefined): void {
    this.#stopListening?.();
    this.#client = client;
    const known = [...this.#watches.keys()];
    this.#watches.clear();
    this.#stopListening = client && this.#watchable.listen(client, (id, value) => {
      const watch = this.#watches.get(id);
      if (!watch) return;
      // Without a value its run has ended; the watch stays until the container itself is said to have ended.
      if (watch.value !== undefined) watch.previous = watch.value;
      watch.value = value;
      this.#changed.fire(id);
    });
    for (const id of known) this.#changed.fire(id);
  }

  #watch(client: BerthClient, id: string, startedAt: string | undefined): void {
    const watch: Watch<Value> = { startedAt, value: undefined };
    this.#watches.set(id, watch);
    this.#request(id, async () => {
      if (this.#watches.get(id) !== watch) return;
      try {
        const value = await this.#watchable.watch(client, id);
        watch.value ??= value; // What came meanwhile is newer.
      } catch (error) {
        watch.problem = error instanceof Error ? error.message : String(error);
        throw error;
      } finally {
        if (this.#watches.get(id) === watch) this.#changed.fire(id);
      }
    });
  }

  #request(id: string, ask: () => Promise<void>): void {
    const before = this.#requests.get(id) ?? Promise.resolve();
    const request = before.then(ask).catch((error: unknown) => this.#log.warn(`${this.#watchable.name} in ${id.slice(0, 12)}: ${describe(error)}`)).finally(() => {
      if (this.#requests.get(id) === request) this.#requests.delete(id);
    });
    this.#requests.set(id, request);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#stopListening?.();
    this.#changed.dispose();
  }
}
