import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ForwardedPort, Listener } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { PortAttributes } from '../../runtime-host/devcontainer/portAttributes.ts';
import { describe } from '../errors.ts';
import type { HostSession } from '../host/hostSession.ts';
import { folderOfConfiguration } from '../opening/configurationPaths.ts';
import type { WindowContainer } from '../windowContainer.ts';
import { planForwards, type RememberedForward } from './forwardPlan.ts';
import type { ListenerWatches } from './listenerWatches.ts';
import type { PortConfiguration } from './portConfiguration.ts';
import { isPort } from './portEntries.ts';
import type { RememberedForwards } from './rememberedForwards.ts';
import type { ServerAnnouncements } from './serverAnnouncements.ts';

export interface WindowForwardsParts {
  readonly session: HostSession;
  readonly window: WindowContainer;
  readonly listeners: ListenerWatches;
  readonly configuration: PortConfiguration;
  readonly remembered: RememberedForwards;
  readonly announcements: ServerAnnouncements;
  readonly log: vscode.LogOutputChannel;
}

/**
 * Keeps what this window wants forwarded forwarded: what the user has asked for, in any container; in the window's own what
 * its configuration lists, and servers that begin to listen.
 */
export class WindowForwards implements vscode.Disposable {
  readonly #parts: WindowForwardsParts;
  readonly #held = new Map<string, vscode.Disposable>();
  /** Of each run, by `id@startedAt`: what the user has stopped, and which forwards were there. */
  readonly #declined = new Map<string, Set<number>>();
  readonly #seen = new Map<string, Set<number>>();
  /** By `id:port`: those that something else of ours looks after. */
  readonly #reserved = new Set<string>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #running: Promise<void> | undefined;
  #again = false;

  /** What the configuration calls ports may have changed. */
  readonly onDidChange: vscode.Event<void>;

  constructor(parts: WindowForwardsParts) {
    this.#parts = parts;
    this.onDidChange = parts.configuration.onDidChange;
    this.#subscriptions = [
      parts.window.onDidChange(() => this.#update()),
      parts.listeners.onDidChange(() => this.#update()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#update()),
      vscode.workspace.onDidSaveTextDocument(({ fileName }) => { if (folderOfConfiguration(fileName) !== undefined) this.#update(); }),
      vscode.workspace.onDidChangeConfiguration((change) => { if (change.affectsConfiguration('berth.autoForwardPorts')) this.#update(); }),
    ];
  }

  /** At the user's wish: it comes back as long as nobody stops it. */
  async forward(client: BerthClient, container: ContainerInfo, containerPort: number, hostPort?: number): Promise<ForwardedPort> {
    const forwarded = await client.ports.forward(container.id, containerPort, { ...(hostPort !== undefined && { hostPort }) });
    this.#declined.get(runOf(container))?.delete(containerPort);
    await this.#parts.remembered.add(container.id, { containerPort, hostPort: forwarded.hostPort, by: 'user' });
    return forwarded;
  }

  /** At the user's wish: it stays so, in this run. */
  async stop(client: BerthClient, container: ContainerInfo, containerPort: number, host: { readonly address: string; readonly port: number }): Promise<void> {
    this.#of(this.#declined, container).add(containerPort);
    await this.#parts.remembered.remove(container.id, containerPort);
    await client.ports.stopForward(container.id, host.port, { hostAddress: host.address });
  }

  /** Until this is disposed, a server at the port is neither forwarded of itself nor told of. */
  reserve(id: string, port: number): vscode.Disposable {
    this.#reserved.add(`${id}:${port}`);
    return new vscode.Disposable(() => { this.#reserved.delete(`${id}:${port}`); });
  }

  /** The names and the looks that the configuration gives to a port. */
  attributes(id: string, port: number): PortAttributes {
    return this.#attributes(id, port, this.#parts.listeners.listeners(id));
  }

  #update(): void {
    // What is gone after this is gone with the host, and nobody has stopped it.
    if (!this.#parts.session.client) this.#seen.clear();
    this.#hold();
    this.#again = true;
    this.#running ??= this.#runAll().finally(() => { this.#running = undefined; });
  }

  /** Whoever has a container in this window hears of its servers. */
  #hold(): void {
    const { session, window, listeners } = this.#parts;
    const wanted = new Set(session.containers.filter((container) => container.state === 'running' && window.isCurrent(container)).map(({ id }) => id));
    for (const [id, hold] of this.#held) {
      if (wanted.has(id)) continue;
      this.#held.delete(id);
      hold.dispose();
    }
    for (const id of wanted) if (!this.#held.has(id)) this.#held.set(id, listeners.hold(id));
  }

  async #runAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const { session, log } = this.#parts;
      const { client } = session;
      if (!client) return;
      try {
        await this.#run(client);
      } catch (error) {
        log.error(`Ports could not be forwarded: ${describe(error)}`);
      }
    }
  }

  async #run(client: BerthClient): Promise<void> {
    const { session, window, remembered, configuration, listeners } = this.#parts;
    const running = session.containers.filter(({ state }) => state === 'running');
    const own = running.filter((container) => window.isCurrent(container));
    const configured = new Map<string, number[]>();
    for (const container of own) {
      const { forwardPorts } = await configuration.read(client, container, listeners.listeners(container.id) ?? []);
      for (const { host, port } of forwardPorts) {
        const target = host === undefined || host === container.name ? container : this.#neighbour(running, container, host);
        if (target && isPort(port)) configured.set(target.id, [...(configured.get(target.id) ?? []), port]);
      }
    }
    for (const container of running) {
      const isOwn = own.includes(container);
      if (isOwn || configured.has(container.id) || remembered.of(container.id).length > 0) await this.#runOne(client, container, isOwn, configured.get(container.id) ?? []);
    }
  }

  /** Only in a network with this one does a container have a name for it. */
  #neighbour(running: readonly ContainerInfo[], { networks = [] }: ContainerInfo, name: string): ContainerInfo | undefined {
    const shared = new Set(networks.map(({ network }) => network));
    return running.find((other) => other.networks?.some(({ network, aliases = [] }) => shared.has(network) && (other.name === name || aliases.includes(name))));
  }

  async #runOne(client: BerthClient, container: ContainerInfo, isOwn: boolean, configured: readonly number[]): Promise<void> {
    const { listeners, remembered, log } = this.#parts;
    const forwards = container.forwards ?? [];
    const found = isOwn ? listeners.listeners(container.id) : undefined;
    await this.#noticeStopped(container, forwards, found);
    const settings = vscode.workspace.getConfiguration('berth');
    const plan = planForwards({
      forwards, published: container.ports ?? [], listeners: found, configured,
      remembered: remembered.of(container.id), declined: this.#of(this.#declined, container),
      automatic: isOwn && vscode.workspace.isTrusted && settings.get('autoForwardPorts', true),
      attributes: (port) => this.#attributes(container.id, port, found),
    });
    for (const { hostPort, hostAddress, containerPort } of plan.stop) {
      this.#of(this.#seen, container).delete(containerPort);
      await client.ports.stopForward(container.id, hostPort, { hostAddress }).catch((error: unknown) => log.debug(`Port ${containerPort} of “${container.name}”: ${describe(error)}`));
    }
    const begun: ForwardedPort[] = [];
    for (const wish of plan.start) {
      const forwarded = await this.#try(container, wish.containerPort, () => this.#start(client, container, wish, found));
      if (forwarded) begun.push(forwarded);
    }
    if (isOwn && found) await this.#announce(container, found, [...forwards.filter((each) => !plan.stop.includes(each)), ...begun]);
  }

  /** What another client has stopped is not begun again. What we stop is that whose server has gone. */
  async #noticeStopped(container: ContainerInfo, forwards: readonly ForwardedPort[], found: readonly Listener[] | undefined): Promise<void> {
    const seen = this.#of(this.#seen, container);
    for (const port of seen) {
      if (forwards.some(({ containerPort }) => containerPort === port)) continue;
      seen.delete(port);
      if (this.#parts.remembered.of(container.id).some((one) => one.containerPort === port && one.by === 'listener') && !found?.some((each) => each.port === port)) continue;
      this.#of(this.#declined, container).add(port);
      await this.#parts.remembered.remove(container.id, port);
    }
    for (const { containerPort } of forwards) seen.add(containerPort);
  }

  async #start(client: BerthClient, container: ContainerInfo, wish: RememberedForward, found: readonly Listener[] | undefined): Promise<ForwardedPort> {
    const { containerPort } = wish;
    const { requireLocalPort } = this.#attributes(container.id, containerPort, found);
    const hostPort = requireLocalPort ? containerPort : wish.hostPort;
    const forwarded = await client.ports.forward(container.id, containerPort, { ...(hostPort !== undefined && { hostPort }) }).catch((error: unknown) => {
      // The one that it had may be somebody else's by now.
      if (requireLocalPort || hostPort === undefined || !(error instanceof BerthError) || error.code !== 'PortInUse') throw error;
      return client.ports.forward(container.id, containerPort);
    });
    await this.#parts.remembered.add(container.id, { ...wish, hostPort: forwarded.hostPort });
    return forwarded;
  }

  async #announce(container: ContainerInfo, found: readonly Listener[], forwards: readonly ForwardedPort[]): Promise<void> {
    const { announcements, remembered } = this.#parts;
    const byUser = new Set(remembered.of(container.id).filter(({ by }) => by === 'user').map(({ containerPort }) => containerPort));
    const servers = forwards.flatMap((forwarded) => {
      const listener = found.find(({ protocol, port }) => protocol === 'tcp' && port === forwarded.containerPort);
      return listener && !byUser.has(listener.port) ? [{ forwarded, listener, attributes: this.#attributes(container.id, listener.port, found) }] : [];
    });
    await announcements.announce(container, servers);
  }

  #attributes(id: string, port: number, found: readonly Listener[] | undefined): PortAttributes {
    if (this.#reserved.has(`${id}:${port}`)) return { label: 'Debugger', onAutoForward: 'ignore' };
    return this.#parts.configuration.attributes(id, port, found?.find((listener) => listener.protocol === 'tcp' && listener.port === port && listener.pid !== undefined));
  }

  /** One port that cannot be had keeps no other from being forwarded, and is told of once in a run. */
  async #try<T>(container: ContainerInfo, port: number, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#parts.log.warn(`Port ${port} of “${container.name}”: ${describe(error)}`);
      if (!(error instanceof BerthError) || (error.code !== 'PortInUse' && error.code !== 'InvalidArgument')) return undefined;
      this.#of(this.#declined, container).add(port);
      void vscode.window.showWarningMessage(`Port ${port} of “${container.name}” is not forwarded. ${error.message}`);
      return undefined;
    }
  }

  #of(runs: Map<string, Set<number>>, container: ContainerInfo): Set<number> {
    const run = runOf(container);
    const known = runs.get(run) ?? new Set<number>();
    runs.set(run, known);
    return known;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const hold of this.#held.values()) hold.dispose();
    this.#parts.configuration.dispose();
  }
}

function runOf({ id, startedAt = '' }: ContainerInfo): string {
  return `${id}@${startedAt}`;
}
