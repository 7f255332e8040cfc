import { parsePublish } from '../protocol/values/portValues.ts';
import { BerthError } from '../protocol/errors.ts';
import type { ConnectionOptions, PublishedPort, ResolverOptions } from '../protocol/networks.ts';
import { readNetworkCustomization, type NetworkCustomization } from './networkCustomization.ts';
import { about, networksOf, type RunArguments } from './runArguments.ts';

/** How a folder's container is connected, by its configuration. */
export interface Connections {
  /** What goes into the container's specification as it is. */
  readonly options: ConnectionOptions;
  readonly hostname?: string;
  /** Whether it gets this machine's proxy variables. */
  readonly proxies: boolean;
  /** Whether it may use the user's SSH agent; absent: the setting says. */
  readonly sshAgent?: boolean;
}

export const noConnections: Connections = { options: {}, proxies: true };

/**
 * Reads `appPort`, the network options of `runArgs`, and `customizations.berth.network`, which has the last word.
 * @param found what `runArgs` has
 * @throws BerthError DevContainerInvalid
 */
export function readConnections(root: Readonly<Record<string, unknown>>, found: RunArguments, file: string): Connections {
  const own = readNetworkCustomization(root, file);
  const ports = distinct([...appPorts(root['appPort'], file), ...found.ports]);
  const networks = own.networks ?? networksOf(found);
  const resolver: ResolverOptions = { ...found.resolver, ...own.resolver };
  const options: ConnectionOptions = {
    ...(networks && { networks }),
    ...(ports.length > 0 && { ports }),
    ...(found.publishAllPorts && { publishAllPorts: true }),
    ...(own.policy && { policy: own.policy }),
    ...(Object.keys(resolver).length > 0 && { resolver }),
    ...(found.hosts.length > 0 && { extraHosts: found.hosts }),
    ...(own.certificates === false && { hostCertificates: false }),
  };
  return { options, ...(found.hostname && { hostname: found.hostname }), ...others(own) };
}

function others({ proxies = true, ssh }: NetworkCustomization): Pick<Connections, 'proxies' | 'sshAgent'> {
  return { proxies, ...(ssh !== undefined && { sshAgent: ssh }) };
}

/** A number is published under itself. */
function appPorts(value: unknown, file: string): PublishedPort[] {
  const entries: readonly unknown[] = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  return entries.flatMap((entry) => {
    if (typeof entry !== 'number' && typeof entry !== 'string') throw unusable(`“appPort” in ${file} must be a port, a text such as "8080:80", or a list of these.`);
    return about(`“appPort” in ${file}: “${entry}” cannot be meant`, () => parsePublish(typeof entry === 'number' ? `${entry}:${entry}` : entry));
  });
}

function distinct(ports: readonly PublishedPort[]): PublishedPort[] {
  return [...new Map(ports.map((port, index) => [JSON.stringify([port, port.hostPort === 0 ? index : '']), port])).values()];
}

function unusable(sentence: string): BerthError {
  return new BerthError('DevContainerInvalid', sentence);
}
