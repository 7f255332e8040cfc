import { isIPv4 } from 'node:net';
import { cidr, firstAddress, formatCidr } from '../../net/addresses.ts';
import type { NetworkPolicy } from '../../protocol/networks.ts';
import type { ContainerConnection } from '../../store/containerRecord.ts';

/** Where containers find the host. */
export const hostName = 'host.berth.internal';
/** What our own names end with. */
const ownDomain = '.berth.internal';

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY'];
const exceptions = 'NO_PROXY';

/** The ports that are meant where an address says none; curl(1). */
const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, socks: 1080, socks4: 1080, socks4a: 1080, socks5: 1080, socks5h: 1080 };

/** `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/…]` */
const addressPattern = /^(?:([a-z][a-z0-9+.-]*):\/\/)?((?:[^@/]*@)?)(\[[^\]/]*\]|[^:/?#@]*)(?::(\d+))?([/?#].*)?$/i;

/**
 * What tells a container's processes about proxies: both spellings of each variable, with the host's name in place of its
 * loopback addresses, and what is to be reached without a proxy completed. Holds passwords.
 * @param neighbours names of those that are in its networks at the moment
 */
export function proxyEnvironment(connection: ContainerConnection | undefined, neighbours: readonly string[]): string[] {
  const proxies = byUpperCaseName(connection?.proxies ?? {});
  const given = proxyNames.filter((name) => proxies.has(name));
  if (!connection || connection.networks.length === 0 || given.length === 0) return [];
  const values = new Map(given.map((name) => [name, addressInContainer(proxies.get(name) ?? '')]));
  values.set(exceptions, exceptionsOf(proxies.get(exceptions), connection, neighbours));
  return [...values].flatMap(([name, value]) => [`${name}=${value}`, `${name.toLowerCase()}=${value}`]);
}

/** Without what the container's own environment says already, in whichever spelling: then that holds for both. */
export function besideOwn(own: readonly string[], environment: readonly string[]): string[] {
  const nameOf = (entry: string): string => entry.slice(0, entry.indexOf('=')).toUpperCase();
  const said = new Set(own.map(nameOf));
  return environment.filter((entry) => !said.has(nameOf(entry)));
}

/** A container's policy, with those ports of the host allowed that its proxies listen on. */
export function policyWithProxies(policy: NetworkPolicy, proxies: Readonly<Record<string, string>> = {}): NetworkPolicy {
  // The one reaches all of the host anyway, and the other nothing; neither takes entries.
  if (policy.mode === 'none' || policy.mode === 'host-only') return policy;
  const addresses = [...byUpperCaseName(proxies)].filter(([name]) => proxyNames.includes(name)).map(([, value]) => addressPattern.exec(value));
  const ports = new Set(addresses.flatMap((address) => (address && isLoopback(address[3] ?? '') ? [portOf(address)] : [])));
  if (ports.size === 0) return policy;
  return { ...policy, allow: [...new Set([...(policy.allow ?? []), ...[...ports].map((port) => `${hostName}:${port}`)])] };
}

/** Where both spellings are there, programs mostly read the lower one. */
function byUpperCaseName(proxies: Readonly<Record<string, string>>): Map<string, string> {
  const entries = Object.entries(proxies).filter(([, value]) => value !== '');
  return new Map(entries.sort(([one], [other]) => Number(one === one.toLowerCase()) - Number(other === other.toLowerCase())).map(([name, value]) => [name.toUpperCase(), value]));
}

function addressInContainer(value: string): string {
  const address = addressPattern.exec(value);
  const host = address?.[3] ?? '';
  if (!address || !isLoopback(host)) return value;
  const before = (address[1] === undefined ? '' : `${address[1]}://`) + (address[2] ?? '');
  return before + hostName + value.slice(before.length + host.length);
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || name === '::' || name === '::ffff:127.0.0.1' || (isIPv4(name) && (name.startsWith('127.') || name === '0.0.0.0'));
}

function portOf([, scheme, , , port]: RegExpExecArray): number {
  return port === undefined ? defaultPorts[scheme?.toLowerCase() ?? 'http'] ?? 80 : Number(port);
}

/** Names without a dot cannot be meant all at once, so neighbours are named one by one. */
function exceptionsOf(given: string | undefined, connection: ContainerConnection, neighbours: readonly string[]): string {
  const words = (given ?? '').split(/[\s,]+/).filter((word) => word !== '');
  if (words.includes('*')) return '*';
  const subnets = connection.networks.flatMap(({ gateway, prefixLength, gateway6, prefixLength6 }) => [
    rangeOf(gateway, prefixLength),
    ...(gateway6 !== undefined && prefixLength6 !== undefined ? [rangeOf(gateway6, prefixLength6)] : []),
  ]);
  return [...new Set([...words, 'localhost', '127.0.0.1', '::1', ownDomain, 'host.docker.internal', ...subnets, ...neighbours])].join(',');
}

function rangeOf(address: string, prefixLength: number): string {
  const range = cidr(`${address}/${prefixLength}`);
  return formatCidr({ ...range, address: firstAddress(range) });
}
