import type { Logger } from '../../base/log.ts';
import { SerialQueue } from '../../base/serialQueue.ts';
import { cidr } from '../../net/addresses.ts';
import { hostRanges } from '../../net/hostRoutes.ts';
import { allocateMember, type AddressHolder } from '../../net/memberAddresses.ts';
import { addressesOf, checkSubnet, chooseSubnet, randomSubnet6, type NetworkAddresses, type TakenRange } from '../../net/subnets.ts';
import { BerthError } from '../../protocol/errors.ts';
import { defaultNetwork, networkNamePattern, type ContainerNetwork, type NetworkAttachment, type NetworkInfo, type NetworkSpec } from '../../protocol/networks.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { PruneFilters, PruneResult } from '../../protocol/types.ts';
import type { NetworkRecord } from '../../store/networkRecord.ts';
import { NetworkStore } from '../../store/networkStore.ts';
import type { Container } from '../container.ts';
import type { ContainerTable } from '../containerTable.ts';
import type { NetworkService } from '../interfaces.ts';
import { isMeant } from '../pruneFilters.ts';

export interface NetworkServiceOptions {
  readonly paths: BerthPaths;
  readonly table: ContainerTable;
  readonly log: Logger;
  /** What of this machine's network networks keep away from; by default what it is now. For tests. */
  readonly hostRanges?: () => Promise<readonly TakenRange[]>;
}

export type NetworkEvent = { readonly name: string; readonly info?: NetworkInfo };

/** What `--network` means that is no network's name. */
const reservedNames: ReadonlySet<string> = new Set(['none', 'host']);

/** The networks of this host. {@link load} must be called once, when the table holds the containers, before anything else. */
export class HostNetworkService implements NetworkService {
  readonly #options: NetworkServiceOptions;
  readonly #store: NetworkStore;
  readonly #networks = new Map<string, NetworkRecord>();
  /** Ranges and addresses are given out one after the other, and by what the records say. */
  readonly #queue = new SerialQueue();
  readonly #listeners = new Set<(event: NetworkEvent) => void>();
  readonly #noticeListeners = new Set<(message: string) => void>();
  #unreadable: ReadonlySet<string> = new Set();

  constructor(options: NetworkServiceOptions) {
    this.#options = options;
    this.#store = new NetworkStore(options.paths, options.log);
  }

  /** @param unreadable ids of containers of which nobody knows which networks they use */
  async load(unreadable: ReadonlySet<string>): Promise<void> {
    this.#unreadable = unreadable;
    for (const record of await this.#store.load()) this.#networks.set(record.name, record);
  }

  create(spec: NetworkSpec): Promise<NetworkInfo> {
    return this.#queue.run(async () => this.#info(await this.#ensure(spec)));
  }

  list(): Promise<NetworkInfo[]> {
    const infos = [...this.#networks.values()].map((record) => this.#info(record));
    return Promise.resolve(infos.sort((one, other) => one.name.localeCompare(other.name)));
  }

  inspect(name: string): Promise<NetworkInfo> {
    return new Promise((resolve) => resolve(this.#info(this.#find(name))));
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#queue.run(async () => {
      if (options.force && !this.#networks.has(name)) return;
      this.#find(name);
      const [user] = this.#usersOf(name);
      if (user) throw new BerthError('NetworkInUse', `The network “${name}” is in use: container “${user.name}” refers to it. Remove that container first.`, { data: { network: name, id: user.id } });
      await this.#delete(name);
    });
  }

  prune(filters: PruneFilters = {}): Promise<PruneResult> {
    return this.#queue.run(async () => {
      if (this.#unreadable.size > 0) throw new BerthError('NetworkInUse', 'Some containers cannot be read, and any network may be theirs; so none is removed. “container system logs” names them. Remove networks by their names.');
      const removed = [...this.#networks.values()].filter((record) => record.name !== defaultNetwork && isMeant(record, filters) && this.#usersOf(record.name).length === 0).map(({ name }) => name);
      for (const name of removed) await this.#delete(name);
      return { removed, reclaimedBytes: 0 };
    });
  }

  onDidChange(listener: (event: NetworkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A sentence that the user should see. */
  onNotice(listener: (message: string) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => this.#noticeListeners.delete(listener);
  }

  /** @throws BerthError NetworkNotFound */
  addresses(name: string): NetworkAddresses {
    const { subnet, subnet6 } = this.#find(name);
    return addressesOf(subnet, subnet6);
  }

  /**
   * Chooses the places of a container that is being created in its networks. They are its own when `use` has made the
   * container one of the table's.
   * @throws BerthError NetworkNotFound, NetworkInvalid, InvalidArgument
   */
  provide<Result>(id: string, wishes: readonly NetworkAttachment[], use: (networks: readonly ContainerNetwork[]) => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      const places: ContainerNetwork[] = [];
      for (const wish of wishes) {
        if (wish.network === defaultNetwork) await this.#ensure({ name: defaultNetwork });
        places.push(allocateMember(id, wish, this.addresses(wish.network), this.#holders(wish.network)));
      }
      return use(places);
    });
  }

  #find(name: string): NetworkRecord {
    const record = this.#networks.get(name);
    if (!record) throw new BerthError('NetworkNotFound', `There is no network “${name}”. “container network ls” lists those that exist, and “container network create ${networkNamePattern.test(name) ? name : 'NAME'}” makes one.`, { data: { network: name } });
    return record;
  }

  async #ensure(spec: NetworkSpec): Promise<NetworkRecord> {
    checkName(spec.name);
    if (this.#store.unreadable.has(spec.name)) throw new BerthError('NetworkInvalid', `The network “${spec.name}” cannot be used: its directory cannot be read. Correct the permissions of ${this.#options.paths.network(spec.name).directory}, and start Berth’s runtime host again.`, { data: { network: spec.name } });
    const existing = this.#networks.get(spec.name);
    if (existing && isSame(existing, spec)) return existing;
    if (existing) throw new BerthError('NetworkNameInUse', `There is a network “${spec.name}” already, and it has other addresses: ${[existing.subnet, existing.subnet6].filter(Boolean).join(' and ')}. Choose another name, or remove it first.`, { data: { network: spec.name } });
    return this.#make(spec);
  }

  async #make({ name, subnet, subnet6, labels = {} }: NetworkSpec): Promise<NetworkRecord> {
    const taken = await this.#taken();
    const notices = [subnet && checkSubnet(subnet, taken), subnet6 && checkSubnet(subnet6, taken, 6)].filter((notice) => typeof notice === 'string' && notice !== '');
    const ranges = { subnet: subnet ?? chooseSubnet(taken), ...(subnet6 !== false && { subnet6: subnet6 ?? randomSubnet6() }) };
    const record: NetworkRecord = { version: 1, name, ...ranges, createdAt: new Date().toISOString(), labels };
    try {
      await this.#store.prepare(name);
      await this.#store.save(record);
    } catch (error) {
      await this.#store.remove(name);
      throw error;
    }
    this.#networks.set(name, record);
    for (const notice of notices) for (const listener of this.#noticeListeners) listener(`Network “${name}”: ${notice}`);
    this.#tell({ name, info: this.#info(record) });
    return record;
  }

  async #taken(): Promise<TakenRange[]> {
    const ours = [...this.#networks.values()].flatMap(({ name, subnet, subnet6 }) =>
      [subnet, ...(subnet6 === undefined ? [] : [subnet6])].map((range) => ({ range: cidr(range), by: `the network “${name}” (${range})`, network: true })));
    return [...ours, ...(await (this.#options.hostRanges ?? hostRanges)())];
  }

  /** Nobody gets it from the moment in which this is called. */
  async #delete(name: string): Promise<void> {
    const record = this.#find(name);
    this.#networks.delete(name);
    try {
      await this.#store.remove(name);
    } catch (error) {
      this.#networks.set(name, record);
      throw error;
    }
    this.#tell({ name });
  }

  #usersOf(name: string): Container[] {
    return this.#options.table.all().filter(({ record }) => record.connection?.networks.some(({ network }) => network === name));
  }

  #holders(name: string): AddressHolder[] {
    return this.#usersOf(name).flatMap((user) => user.record.connection!.networks.filter(({ network }) => network === name).map((place) => ({ ...place, name: user.name })));
  }

  #tell(event: NetworkEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #info(record: NetworkRecord): NetworkInfo {
    const { name, subnet, subnet6, createdAt, labels } = record;
    const containers = this.#usersOf(name).flatMap((user) => user.record.connection!.networks.filter(({ network }) => network === name).map(({ address, address6 }) => ({ id: user.id, name: user.name, address, ...(address6 !== undefined && { address6 }) })));
    return { name, ...addressesOf(subnet, subnet6), createdAt, labels, containers };
  }
}

function isSame(existing: NetworkRecord, { subnet, subnet6 }: NetworkSpec): boolean {
  return (subnet === undefined || subnet === existing.subnet) && (subnet6 === undefined || (subnet6 || undefined) === existing.subnet6);
}

function checkName(name: string): void {
  if (networkNamePattern.test(name) && !reservedNames.has(name)) return;
  throw new BerthError('InvalidArgument', `“${name}” cannot be a network’s name. Use at most 63 letters, digits, “_”, “.” and “-”, beginning with a letter or digit; “none” and “host” mean something else.`, { data: { option: 'name' } });
}
