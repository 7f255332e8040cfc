import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../base/log.ts';
import { findNetd } from '../../net/netdBinary.ts';
import { gatewayMac } from '../../net/memberAddresses.ts';
import { endNetd } from '../../net/netdProcess.ts';
import { networkMtu, type NetdMember, type NetdMemberStatus, type NetdNetwork } from '../../net/netdTypes.ts';
import { hostsPath, resolvConfPath } from '../../net/resolvConf.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerNetwork, NetworkActivity } from '../../protocol/networks.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { Container } from '../container.ts';
import type { ContainerTable } from '../containerTable.ts';
import { ActivityBook } from './activityBook.ts';
import { NetdSupervisor, type DesiredMember } from './netdSupervisor.ts';
import type { HostNetworkService } from './networkService.ts';
import { answered } from '../run/patience.ts';
import { portInUse, publishedPorts } from './ports.ts';
import { guestNetwork, hostnameOf, netdMember, vmInterfaces, type RunNetwork } from './runNetwork.ts';

const nudgeMilliseconds = 5000;
/** How long who asks for activity waits for a netd before the last that it has told has to do. */
const activityMilliseconds = 5000;

export interface RunNetworksOptions {
  readonly paths: BerthPaths;
  readonly table: ContainerTable;
  readonly networks: HostNetworkService;
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  readonly notify: (message: string) => void;
  /** How long a netd may take to answer before it counts as frozen. */
  readonly answerMilliseconds?: number | undefined;
}

/** Connects the containers that run with their networks, and keeps those running. */
export class RunNetworks {
  readonly #options: RunNetworksOptions;
  readonly #supervisors = new Map<string, NetdSupervisor>();
  readonly #subscriptions: readonly (() => void)[];

  constructor(options: RunNetworksOptions) {
    this.#options = options;
    this.#subscriptions = [
      options.networks.onNotice(options.notify),
      options.networks.onDidChange(({ name, info }) => {
        if (!info) void this.#forget(name);
      }),
    ];
  }

  /**
   * Makes a container that is about to start a member of its networks. Its ports are taken from now on.
   * @returns undefined when it has no network and nothing to say about names
   * @throws BerthError PortInUse, NetworkNotFound, NetworkFailed; nothing of it is left then but what {@link leave} ends
   */
  async join(container: Container): Promise<RunNetwork | undefined> {
    const { record, paths } = container;
    if (!record.connection) return undefined;
    const [first] = record.connection.networks;
    const addresses = first && this.#options.networks.addresses(first.network);
    await this.#enter(container);
    await Promise.all(record.connection.networks.map((place, index) => this.#send('set', container, place, index)));
    await this.#tellKnowing(container);
    return { interfaces: vmInterfaces(record, paths), guest: await guestNetwork(record, addresses), link: () => this.#link(container) };
  }

  /** Takes a container that has ended, or has not started, out of its networks. Failures are only logged. */
  async leave(container: Container): Promise<void> {
    const { network } = container;
    if (!network) return;
    await Promise.all(container.record.connection!.networks.map(async ({ network: name }) => {
      const status = await this.#supervisors.get(name)?.leave(container.id).catch((error: unknown) => this.#logFailure('A container could not be taken out of its network', container, error));
      if (status) network.activity.note(name, status.activity);
    }));
    await network.activity.end();
    container.network = undefined;
    await this.#tellKnowing(container);
  }

  /** Tells the networks of a running container what has changed in its record. */
  async refresh(container: Container): Promise<void> {
    if (!container.network) return;
    await Promise.all(container.record.connection!.networks.map((place, index) => this.#send('change', container, place, index)));
    await this.#tellKnowing(container);
  }

  /**
   * After a restart of the host: finds the networks of containers that run, and ends those that nobody needs.
   * @param isComplete whether the table has all containers; if not, nothing is taken from those that are not known
   */
  async resume(isComplete: boolean): Promise<void> {
    const running = this.#options.table.all().filter((container) => container.record.connection && (container.run ?? container.waiting));
    await Promise.all(running.map((container) => this.#enter(container)));
    const names = new Set((await this.#options.networks.list()).map(({ name }) => name));
    await Promise.all([...names].map(async (name) => {
      const members = new Map<string, DesiredMember>();
      for (const container of running) {
        const index = container.record.connection!.networks.findIndex(({ network }) => network === name);
        if (index >= 0) members.set(container.id, { member: this.#member(container, container.record.connection!.networks[index]!, index), socket: container.paths.networkSocket(index) });
      }
      await this.#supervisor(name).resume(members, !isComplete);
    }));
    // Some may have ended while this was under way, and had nothing to leave yet.
    await Promise.all(running.filter((container) => !container.run && !container.waiting).map((container) => this.leave(container)));
    if (isComplete) await this.#endStrangers(names);
  }

  /** What a container used or tried to use until now, the newest first; also of one that does not run. */
  async activity(container: Container): Promise<NetworkActivity[]> {
    const { network } = container;
    if (!network) return (await ActivityBook.open(container.paths.activity, this.#options.log)).entries();
    await Promise.all(container.record.connection!.networks.map(async ({ network: name }) => {
      const status = await answered(this.#supervisor(name).status(container.id), activityMilliseconds).catch((error: unknown) => this.#logFailure('What a container used of a network just now is not known', container, error));
      if (status) network.activity.note(name, status.activity);
    }));
    return network.activity.entries();
  }

  /** Lets go of all networks; those with containers go on. */
  async dispose(): Promise<void> {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    await Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.release()));
    await Promise.all(this.#options.table.all().map(({ network }) => network?.activity.flush()));
  }

  async #enter(container: Container): Promise<void> {
    container.network = { ports: [], activity: await ActivityBook.open(container.paths.activity, this.#options.log) };
  }

  /** What runs is only changed: it may end meanwhile. */
  async #send(how: 'set' | 'change', container: Container, place: ContainerNetwork, index: number): Promise<void> {
    try {
      await this.#supervisor(place.network)[how](container.id, this.#member(container, place, index));
    } catch (error) {
      throw error instanceof BerthError && error.code === 'PortInUse' ? portInUse(error, container, this.#options.table.all()) : error;
    }
  }

  #member(container: Container, place: ContainerNetwork, index: number): NetdMember {
    return netdMember(container.record, place, index === 0, index === 0 ? this.#known(container) : []);
  }

  /** Names in a container's further networks: its name server is in the first and knows only those there. */
  #known(container: Container): NetdMember['knows'] {
    const further = container.record.connection!.networks.slice(1).map(({ network }) => network);
    return this.#options.table.all().filter((other) => other !== container && other.network).flatMap(({ record }) =>
      record.connection!.networks.filter(({ network }) => further.includes(network)).flatMap(({ aliases = [], address, address6 }) =>
        [...new Set([record.name, hostnameOf(record), ...aliases])].map((name) => ({ name, addresses: [address, ...(address6 === undefined ? [] : [address6])] }))));
  }

  /** Those that are in one of a container's networks, but whose name server is in another one, must hear of its names. */
  async #tellKnowing(container: Container): Promise<void> {
    const names = new Set(container.record.connection!.networks.map(({ network }) => network));
    const knowing = this.#options.table.all().filter((other) => other !== container && other.network && other.record.connection!.networks.slice(1).some(({ network }) => names.has(network)));
    await Promise.all(knowing.map((other) => this.#send('change', other, other.record.connection!.networks[0]!, 0).catch((error: unknown) => this.#logFailure('A container could not be told of others', other, error))));
  }

  async #link({ id, record, paths }: Container): Promise<void> {
    await Promise.all((record.connection?.networks ?? []).map(({ network }, index) => this.#supervisor(network).link(id, paths.networkSocket(index))));
  }

  #supervisor(name: string): NetdSupervisor {
    const existing = this.#supervisors.get(name);
    if (existing) return existing;
    const { paths, log, environment, notify, answerMilliseconds } = this.#options;
    const supervisor = new NetdSupervisor({
      network: this.#network(name), paths: paths.network(name), program: () => findNetd(environment), log, notify,
      ...(answerMilliseconds !== undefined && { answerMilliseconds }),
      onSent: (id, status, isNew, netd) => this.#onSent(name, id, status, isNew, netd),
      completeSending: (id) => this.#completeSending(id),
      onActivity: (id, entries) => this.#onActivity(name, id, entries),
    });
    this.#supervisors.set(name, supervisor);
    return supervisor;
  }

  #network(name: string): NetdNetwork {
    const { subnet, gateway, hostAddress, subnet6, gateway6, hostAddress6 } = this.#options.networks.addresses(name);
    const six = subnet6 !== undefined && gateway6 !== undefined && hostAddress6 !== undefined && { subnet6, gateway6, host6: hostAddress6 };
    return { name, subnet4: subnet, gateway4: gateway, host4: hostAddress, ...six, gatewayMac, mtu: networkMtu, resolvConf: resolvConfPath, hosts: hostsPath };
  }

  #containerOf(id: string): Container | undefined {
    return this.#options.table.all().find((container) => container.id === id);
  }

  #onSent(name: string, id: string, status: NetdMemberStatus, isNew: boolean, netd: string): void {
    const container = this.#containerOf(id);
    if (!container?.network) return;
    const isFirst = container.record.connection?.networks[0]?.network === name;
    const before = JSON.stringify(container.network.ports);
    if (isFirst) container.network.ports = publishedPorts(status.ports);
    container.network.activity.begin(name, netd, isNew, status.activity);
    if (container.run && before !== JSON.stringify(container.network.ports)) this.#options.table.changed(container);
  }

  async #completeSending(id: string): Promise<void> {
    const container = this.#containerOf(id);
    if (!container?.run) return;
    // A VM that is frozen must not hold up its neighbours.
    await answered(container.run.machine.nudge(), nudgeMilliseconds).catch((error: unknown) => container.run && this.#logFailure('A virtual machine could not be made to complete what it sends', container, error));
  }

  #onActivity(name: string, id: string, entries: readonly NetworkActivity[]): void {
    const container = this.#containerOf(id);
    if (!container?.network) return;
    container.network.activity.note(name, entries);
    if (container.run && entries.some(({ verdict }) => verdict === 'denied')) this.#options.table.changed(container);
  }

  async #forget(name: string): Promise<void> {
    const supervisor = this.#supervisors.get(name);
    this.#supervisors.delete(name);
    await supervisor?.end().catch((error: unknown) => this.#options.log.error('The process of a network that was removed could not be ended', error, { network: name }));
  }

  /** Processes of networks that are gone. */
  async #endStrangers(names: ReadonlySet<string>): Promise<void> {
    const known = new Set([...names].map((name) => this.#options.paths.network(name).socket));
    const sockets = (await readdir(this.#options.paths.runtime)).filter((entry) => /^netd-[0-9a-f]{8}\.sock$/.test(entry)).map((entry) => join(this.#options.paths.runtime, entry));
    for (const socket of sockets) if (!known.has(socket)) await endNetd(socket);
  }

  #logFailure(message: string, { id }: Container, error: unknown): undefined {
    this.#options.log.error(message, error, { container: id });
  }
}
