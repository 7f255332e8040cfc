import type { GuestContainer } from '../../guest/guestContainer.ts';
import { networkMtu, type NetdMember } from '../../net/netdTypes.ts';
import { hostSearchDomains } from '../../net/resolvConf.ts';
import type { NetworkAddresses } from '../../net/subnets.ts';
import type { ContainerNetwork } from '../../protocol/networks.ts';
import type { ContainerPaths } from '../../protocol/paths.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { policyWithProxies } from '../connections/proxies.ts';
import type { VmInterface } from '../../vm/qemuArguments.ts';

/** What a run has of its networks: for its VM, and for its guest. */
export interface RunNetwork {
  readonly interfaces: readonly VmInterface[];
  readonly guest: Pick<GuestContainer, 'interfaces' | 'resolver' | 'hosts'>;
  /** Connects the VM, whose sockets listen, with its networks. */
  link(): Promise<void>;
}

/** What `host-gateway` in an entry of /etc/hosts stands for. */
const hostGateway = 'host-gateway';

export function vmInterfaces({ connection }: ContainerRecord, paths: ContainerPaths): VmInterface[] {
  return (connection?.networks ?? []).map(({ mac }, index) => ({ id: `net${index}`, socket: paths.networkSocket(index), mac, mtu: networkMtu }));
}

/** @param first addresses of the container's first network; undefined when it has none */
export async function guestNetwork({ connection }: ContainerRecord, first: NetworkAddresses | undefined): Promise<RunNetwork['guest']> {
  const { networks = [], resolver, extraHosts = [] } = connection ?? {};
  const hosts = extraHosts.flatMap(({ name, address }) => (address !== hostGateway ? [{ name, address }] : first ? [first.hostAddress, first.hostAddress6].flatMap((own) => (own === undefined ? [] : [{ name, address: own }])) : []));
  return {
    interfaces: networks.map((place, index) => ({
      mac: place.mac,
      addresses: [`${place.address}/${place.prefixLength}`, ...(place.address6 === undefined ? [] : [`${place.address6}/${place.prefixLength6}`])],
      ...(index === 0 && { gateway4: place.gateway, ...(place.gateway6 !== undefined && { gateway6: place.gateway6 }) }),
      mtu: networkMtu,
    })),
    ...(hosts.length > 0 && { hosts }),
    // Without one /etc/resolv.conf stays as the image has it.
    ...(!resolver?.disabled && {
      resolver: {
        servers: resolver?.servers ?? (first ? [first.gateway, ...(first.gateway6 === undefined ? [] : [first.gateway6])] : []),
        search: resolver?.search ?? (first ? await hostSearchDomains() : []),
        // A name without dots is a container's before it is one of this machine's domains.
        options: resolver?.options ?? (first && !resolver?.servers ? ['ndots:0'] : []),
      },
    }),
  };
}

/** @param knows names that the container finds in its other networks */
export function netdMember(record: ContainerRecord, place: ContainerNetwork, isFirst: boolean, knows: NetdMember['knows']): NetdMember {
  const { ports = [], policy, proxies } = record.connection ?? {};
  return {
    name: record.name,
    hostname: hostnameOf(record),
    aliases: place.aliases ?? [],
    mac: place.mac,
    address4: place.address,
    ...(place.address6 !== undefined && { address6: place.address6 }),
    ports: isFirst ? ports.map(({ hostAddress = '', hostPort, containerPort, protocol }) => ({ hostAddress, hostPort, containerPort, protocol })) : [],
    policy: { allow: [], ...policyWithProxies(policy ?? { mode: 'open' }, proxies) },
    knows: isFirst ? knows : [],
  };
}

export function hostnameOf({ id, world }: ContainerRecord): string {
  return world?.hostname ?? id.slice(0, 12);
}
