import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo, ImageInfo } from '../../runtime-host/protocol/types.ts';
import type { HostLink } from './hostLink.ts';

/**
 *   idle ──► connecting ──► connected ──► lost
 *                 └──► failed                 (every use leads back to connecting)
 */
export type SessionState = 'idle' | 'connecting' | 'connected' | 'failed' | 'lost';

/**
 * The window's one connection to the runtime host, and what the host last said about containers and images.
 * Nothing is asked twice: after the first lists, the host's notifications keep them true.
 */
export class HostSession implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #openLink: (onLost: () => void) => Promise<HostLink>;
  readonly #changed = new vscode.EventEmitter<'state' | 'containers' | 'images'>();
  readonly #containers = new Map<string, ContainerInfo>();
  readonly #images = new Map<string, ImageInfo>();
  #state: SessionState = 'idle';
  #connecting: Promise<BerthClient> | undefined;
  #link: HostLink | undefined;
  #disposed = false;

  readonly onDidChange = this.#changed.event;

  /** `openLink` connects, and starts the host when none runs; it calls `onLost` when an open connection ends. */
  constructor(log: vscode.LogOutputChannel, openLink: (onLost: () => void) => Promise<HostLink>) {
    this.#log = log;
    this.#openLink = openLink;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** All containers, newest first. Empty while not connected. */
  get containers(): readonly ContainerInfo[] {
    return [...this.#containers.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** All local images, by name. Empty while not connected. */
  get images(): readonly ImageInfo[] {
    return [...this.#images.values()].sort((a, b) => a.reference.localeCompare(b.reference));
  }

  /** The live connection's; undefined while there is none. */
  get client(): BerthClient | undefined {
    return this.#state === 'connected' ? this.#link?.client : undefined;
  }

  container(id: string): ContainerInfo | undefined {
    return this.#containers.get(id);
  }

  /**
   * The client of a live connection. Connects when there is none; calls at the same time share the attempt.
   * @throws BerthError HostUnreachable, VersionMismatch
   */
  connect(): Promise<BerthClient> {
    // Until both lists are there, nobody may take an empty one for the truth.
    if (this.#link && !this.#connecting) return Promise.resolve(this.#link.client);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Asks the host for both lists again; for people who do not trust notifications. */
  async refresh(): Promise<void> {
    const client = await this.connect();
    await this.#load(client);
  }

  async #connect(): Promise<BerthClient> {
    this.#setState('connecting');
    const started = Date.now();
    let opened: HostLink | undefined;
    try {
      const link = await this.#openLink(() => this.#lost(opened));
      opened = link;
      if (this.#disposed) {
        await link.dispose();
        throw new BerthError('Cancelled', 'The window is closing.');
      }
      link.client.onContainerDidChange((change) => {
        this.#set(this.#containers, change.id, change.info);
        this.#changed.fire('containers');
      });
      link.client.onImageDidChange((change) => {
        this.#set(this.#images, change.reference, change.info);
        this.#changed.fire('images');
      });
      this.#link = link;
      await this.#load(link.client);
      this.#log.info(`Connected to the runtime host in ${Date.now() - started} ms.`);
      this.#setState('connected');
      return link.client;
    } catch (error) {
      this.#link = undefined;
      await opened?.dispose();
      if (!this.#disposed) this.#setState('failed');
      throw BerthError.from(error);
    }
  }

  async #load(client: BerthClient): Promise<void> {
    // Each as soon as it comes: what the host tells after its answer is newer.
    await Promise.all([
      client.containers.list({ all: true }).then((containers) => this.#replace('containers', this.#containers, containers, ({ id }) => id)),
      client.images.list().then((images) => this.#replace('images', this.#images, images, ({ reference }) => reference)),
    ]);
  }

  #replace<T>(what: 'containers' | 'images', map: Map<string, T>, items: readonly T[], keyOf: (item: T) => string): void {
    map.clear();
    for (const item of items) map.set(keyOf(item), item);
    this.#changed.fire(what);
  }

  #set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }

  #lost(link: HostLink | undefined): void {
    if (!link || this.#link !== link || this.#disposed) return;
    this.#log.warn('The connection to the runtime host was lost.');
    this.#link = undefined;
    this.#containers.clear();
    this.#images.clear();
    this.#setState('lost');
    this.#changed.fire('containers');
    this.#changed.fire('images');
  }

  #setState(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#changed.fire('state');
  }

  async close(): Promise<void> {
    this.#disposed = true;
    const link = this.#link;
    this.#link = undefined;
    await link?.dispose();
  }

  dispose(): void {
    this.#disposed = true;
    this.#changed.dispose();
  }
}
