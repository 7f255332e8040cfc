import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Grant } from '../../runtime-host/protocol/grants.ts';
import type { NetworkInfo } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo, ImageInfo } from '../../runtime-host/protocol/types.ts';
import type { VolumeInfo } from '../../runtime-host/protocol/volumes.ts';
import { describe } from '../errors.ts';
import { HostLists, type ListName } from './hostLists.ts';
import type { HostLink } from './hostLink.ts';

/**
 *   idle ──► connecting ──► connected ──► lost
 *                 └──► failed                 (every use leads back to connecting)
 */
export type SessionState = 'idle' | 'connecting' | 'connected' | 'failed' | 'lost';

/** What a connection is of no use without; the others come when they come. */
const firstLists: readonly ListName[] = ['containers', 'images'];
const laterLists: readonly ListName[] = ['volumes', 'networks', 'grants'];

/** The window's one connection to the runtime host, and what the host last said about what it has. */
export class HostSession implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #openLink: (onLost: () => void) => Promise<HostLink>;
  readonly #changed = new vscode.EventEmitter<'state' | ListName>();
  readonly #lists = new HostLists((name) => {
    if (name === 'images') this.#link?.refreshLenses();
    this.#changed.fire(name);
  });
  #later: Promise<void> = Promise.resolve();
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
    return this.#lists.all('containers').sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** All local images, by name. Empty while not connected. */
  get images(): readonly ImageInfo[] {
    return this.#lists.all('images').sort((a, b) => a.reference.localeCompare(b.reference));
  }

  /** All volumes, by name, those that nobody has named last. Empty while not connected. */
  get volumes(): readonly VolumeInfo[] {
    return this.#lists.all('volumes').sort((a, b) => Number(a.anonymous) - Number(b.anonymous) || a.name.localeCompare(b.name));
  }

  /** All networks, by name. Empty while not connected. */
  get networks(): readonly NetworkInfo[] {
    return this.#lists.all('networks').sort((a, b) => a.name.localeCompare(b.name));
  }

  /** What users have decided about directories, by path. Empty while not connected. */
  get grants(): readonly Grant[] {
    return this.#lists.all('grants').sort((a, b) => a.path.localeCompare(b.path));
  }

  /** The live connection's; undefined while there is none. */
  get client(): BerthClient | undefined {
    return this.#state === 'connected' ? this.#link?.client : undefined;
  }

  container(id: string): ContainerInfo | undefined {
    return this.#lists.get('containers', id);
  }

  /**
   * The client of a live connection. Connects when there is none; calls at the same time share the attempt.
   * @throws BerthError HostUnreachable, VersionMismatch
   */
  connect(): Promise<BerthClient> {
    // Until the first lists are there, nobody may take an empty one for the truth.
    if (this.#link && !this.#connecting) return Promise.resolve(this.#link.client);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Like {@link connect}, but with every list there. */
  async connectFully(): Promise<BerthClient> {
    const client = await this.connect();
    await this.#later;
    return client;
  }

  /** Asks the host for the lists again; for people who do not trust notifications. */
  async refresh(): Promise<void> {
    const client = await this.connect();
    await this.#lists.load(client, [...firstLists, ...laterLists]);
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
      this.#lists.follow(link.client);
      this.#link = link;
      this.#later = this.#loadLater(link.client);
      await this.#lists.load(link.client, firstLists);
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

  async #loadLater(client: BerthClient): Promise<void> {
    try {
      await this.#lists.load(client, laterLists);
    } catch (error) {
      if (!this.#disposed) this.#log.warn(`Volumes, networks and grants are not known: ${describe(error)}`);
    }
  }

  #lost(link: HostLink | undefined): void {
    if (!link || this.#link !== link || this.#disposed) return;
    this.#log.warn('The connection to the runtime host was lost.');
    this.#link = undefined;
    this.#setState('lost');
    this.#lists.clear();
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
