import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import type { Grant } from '../../runtime-host/protocol/grants.ts';
import type { NetworkInfo } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo, ImageInfo } from '../../runtime-host/protocol/types.ts';
import type { VolumeInfo } from '../../runtime-host/protocol/volumes.ts';

/** Everything that the host keeps lists of. */
export interface HostThings {
  containers: ContainerInfo;
  images: ImageInfo;
  volumes: VolumeInfo;
  networks: NetworkInfo;
  grants: Grant;
}

export type ListName = keyof HostThings;

/** What tells one thing of a list from the others. */
const keys: { readonly [Name in ListName]: (info: HostThings[Name]) => string } = {
  containers: ({ id }) => id,
  images: ({ reference }) => reference,
  volumes: ({ name }) => name,
  networks: ({ name }) => name,
  grants: ({ id }) => id,
};

/**
 * What the host last said about containers, images, volumes, networks and what users have allowed. Nothing is asked twice: after the first
 * lists, the host's notifications keep them true.
 */
export class HostLists {
  readonly #changed: (name: ListName) => void;
  readonly #maps: { readonly [Name in ListName]: Map<string, HostThings[Name]> } = { containers: new Map(), images: new Map(), volumes: new Map(), networks: new Map(), grants: new Map() };
  /** Of lists that are on their way: what was told meanwhile, which may be newer than they are. */
  readonly #meanwhile = new Map<ListName, Map<string, HostThings[ListName] | undefined>>();

  constructor(changed: (name: ListName) => void) {
    this.#changed = changed;
  }

  all<Name extends ListName>(name: Name): HostThings[Name][] {
    return [...this.#maps[name].values()];
  }

  get<Name extends ListName>(name: Name, key: string): HostThings[Name] | undefined {
    return this.#maps[name].get(key);
  }

  /** Follows what the connection tells, for as long as it lasts. */
  follow(client: BerthClient): void {
    client.onContainerDidChange(({ id, info }) => this.#set('containers', id, info));
    client.onImageDidChange(({ reference, info }) => this.#set('images', reference, info));
    client.onVolumeDidChange(({ name, info }) => this.#set('volumes', name, info));
    client.onNetworkDidChange(({ name, info }) => this.#set('networks', name, info));
    client.grants.onDidChange(({ id, grant }) => this.#set('grants', id, grant));
  }

  /** Asks for the lists; each takes effect as soon as it comes. */
  async load(client: BerthClient, names: readonly ListName[]): Promise<void> {
    const ask: { readonly [Name in ListName]: () => Promise<HostThings[Name][]> } = {
      containers: () => client.containers.list({ all: true }),
      images: () => client.images.list(),
      volumes: () => client.volumes.list(),
      networks: () => client.networks.list(),
      grants: () => client.grants.list(),
    };
    await Promise.all(names.map((name) => this.#replace(name, ask[name])));
  }

  clear(): void {
    for (const map of Object.values(this.#maps)) map.clear();
    this.#meanwhile.clear();
    for (const name of Object.keys(this.#maps) as ListName[]) this.#changed(name);
  }

  async #replace<Name extends ListName>(name: Name, ask: () => Promise<HostThings[Name][]>): Promise<void> {
    const meanwhile = new Map<string, HostThings[Name] | undefined>();
    this.#meanwhile.set(name, meanwhile);
    const infos = await ask();
    // Another connection, or another list, has come in between.
    if (this.#meanwhile.get(name) !== meanwhile) return;
    this.#meanwhile.delete(name);
    const map: Map<string, HostThings[Name]> = this.#maps[name];
    map.clear();
    for (const info of infos) map.set(keys[name](info), info);
    for (const [key, info] of meanwhile) put(map, key, info);
    this.#changed(name);
  }

  #set<Name extends ListName>(name: Name, key: string, info: HostThings[Name] | undefined): void {
    this.#meanwhile.get(name)?.set(key, info);
    put<HostThings[Name]>(this.#maps[name], key, info);
    this.#changed(name);
  }
}

function put<Info>(map: Map<string, Info>, key: string, info: Info | undefined): void {
  if (info === undefined) map.delete(key);
  else map.set(key, info);
}
