import { isIPv4, isIPv6 } from 'node:net';
import { BerthError } from '../../protocol/errors.ts';
import { connectionOptionNames, defaultNetwork, type ConnectionOptions, type ContainerNetwork, type NetworkAttachment, type PublishedPort } from '../../protocol/networks.ts';
import type { ContainerInfo, ContainerSpec } from '../../protocol/types.ts';
import type { ContainerConnection } from '../../store/containerRecord.ts';
import type { ActivityBook } from './activityBook.ts';

/** What a container that starts or runs has in its networks. */
export interface ContainerRunNetwork {
  /** Those that lead to it. */
  ports: readonly PublishedPort[];
  readonly activity: ActivityBook;
}

/** What a new container wants of networks; the default one when nothing is said. */
export interface WantedConnection {
  readonly networks: readonly NetworkAttachment[];
  readonly options: Omit<ContainerConnection, 'networks'>;
}

/**
 * Checks what can be checked without the image and the networks.
 * @throws BerthError InvalidArgument
 */
export function checkConnection(spec: Pick<ContainerSpec, keyof ConnectionOptions>): void {
  const networks = spec.networks ?? [{ network: defaultNetwork }];
  const names = networks.map(({ network }) => network);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`The container is to join the network “${twice}” twice. Once is enough; further names are aliases.`, 'networks');
  checkPorts(spec.ports ?? []);
  if (networks.length > 0) return;
  if (spec.ports?.length || spec.publishAllPorts) throw invalid('A container without a network cannot publish ports. Leave out the ports, or “--network none”.', 'ports');
  if (spec.extraHosts?.some(({ address }) => address === 'host-gateway')) throw invalid('A container without a network does not reach this machine, so “host-gateway” means nothing. Leave one of the two out.', 'extraHosts');
}

/** @param exposed ports, as the image names them */
export function wantedConnection(spec: ContainerSpec, exposed: readonly string[]): WantedConnection {
  const given = connectionOptionNames.filter((name) => name !== 'networks' && name !== 'publishAllPorts' && name !== 'ports' && spec[name] !== undefined);
  const ports = [...(spec.ports ?? []), ...(spec.publishAllPorts ? exposedPorts(exposed, spec.ports ?? []) : [])];
  return {
    networks: spec.networks ?? [{ network: defaultNetwork }],
    options: { ...Object.fromEntries(given.map((name) => [name, spec[name]])), ...(ports.length > 0 && { ports }) },
  };
}

/** The part of a container's description that is about its connection. */
export function connectionInfo(connection: ContainerConnection | undefined, running: ContainerRunNetwork | undefined): Pick<ContainerInfo, 'networks' | 'ports' | 'sockets' | 'policy' | 'deniedConnections'> {
  const { networks = [], sockets, policy } = connection ?? {};
  const ports: readonly PublishedPort[] | undefined = running?.ports ?? connection?.ports;
  const denied = running?.activity.denied;
  return {
    ...(networks.length > 0 && { networks: networks as readonly ContainerNetwork[] }),
    ...(ports && ports.length > 0 && { ports }),
    ...(sockets && sockets.length > 0 && { sockets }),
    ...(policy && { policy }),
    ...(denied && { deniedConnections: denied }),
  };
}

/** Those of an image that no port leads to yet. What is no port is the image's mistake, and not the user's. */
function exposedPorts(exposed: readonly string[], published: readonly PublishedPort[]): PublishedPort[] {
  return exposed.flatMap((text) => {
    const [, number = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
    const containerPort = Number(number);
    if (containerPort < 1 || containerPort > 65_535 || published.some((port) => port.containerPort === containerPort && port.protocol === protocol)) return [];
    return [{ hostPort: 0, containerPort, protocol: protocol as PublishedPort['protocol'] }];
  });
}

function checkPorts(ports: readonly PublishedPort[]): void {
  const seen: PublishedPort[] = [];
  for (const port of ports) {
    if (port.hostAddress !== undefined && !isIPv4(port.hostAddress) && !isIPv6(port.hostAddress)) throw invalid(`“${port.hostAddress}” is no address of this machine.`, 'ports');
    const isSame = (other: PublishedPort): boolean => port.hostPort !== 0 && other.hostPort === port.hostPort && other.protocol === port.protocol && meet(port.hostAddress, other.hostAddress);
    if (seen.some(isSame)) throw invalid(`The port ${port.hostPort}/${port.protocol} of this machine is published twice. Choose another one.`, 'ports');
    seen.push(port);
  }
}

/** Whether two addresses of this machine, of which none means the loopback ones, have their ports in common. */
function meet(one = '', other = ''): boolean {
  const covers = (wide: string, address: string): boolean => wide === address || (wide === '' && ['127.0.0.1', '::1'].includes(address)) || (wide === '0.0.0.0' && !isIPv6(address)) || (wide === '::' && !isIPv4(address));
  return covers(one, other) || covers(other, one);
}

function invalid(message: string, option: keyof ConnectionOptions): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option } });
}
