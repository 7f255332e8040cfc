import { BlockList, isIP } from 'node:net';
import type { ConnectionOptions } from '../protocol/networks.ts';
import type { Connections } from './connections.ts';

/** What an open network keeps containers from: this machine itself, its links, and what tells a cloud's machines their secrets. */
const closed: readonly (readonly [address: string, prefix: number])[] = [
  ['127.0.0.0', 8], ['0.0.0.0', 32], ['169.254.0.0', 16], ['100.100.100.200', 32], ['168.63.129.16', 32], ['192.0.0.192', 32],
  ['::1', 128], ['::', 128], ['fe80::', 10], ['fd00:ec2::254', 128],
];

/**
 * What connections give a container beyond an ordinary network, each in words: a configuration comes with a folder, so
 * these are for the user to allow.
 */
export function connectionGrants({ options, sshAgent }: Connections): string[] {
  const { policy, ports = [] } = options;
  return [
    ...(sshAgent ? ['your SSH agent, with the keys that it holds'] : []),
    ...(policy?.mode === 'host-only' ? ['every port that this machine offers to itself only'] : []),
    ...(policy?.allow ?? []).filter(isClosed).map((entry) => `${entry} on the network, which is closed to containers otherwise`),
    ...ports.filter(isPublic).map(({ hostAddress = '', hostPort, containerPort }) => `port ${hostPort || 'any'} at ${hostAddress} of this machine, for others to reach port ${containerPort} of the container`),
  ];
}

function isPublic({ hostAddress }: NonNullable<ConnectionOptions['ports']>[number]): boolean {
  return hostAddress !== undefined && hostAddress !== '' && !hostAddress.startsWith('127.') && hostAddress !== '::1';
}

/** Whether an entry of `allow` names something that is closed by default. What cannot be read is for the host to refuse. */
function isClosed(entry: string): boolean {
  const host = hostOf(entry).toLowerCase().replace(/\.$/, '');
  if (/(^|\.)(berth|docker)\.internal$/.test(host) || host === 'localhost' || host.endsWith('.localhost')) return true;
  const [address = '', prefix] = host.split('/');
  const family = isIP(address);
  if (family === 0) return false;
  if (/^(::ffff:|64:ff9b::)/.test(address)) return true; // IPv4 in another form.
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const named = new BlockList();
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  if (!(bits >= 0 && bits <= (family === 4 ? 32 : 128))) return false;
  named.addSubnet(address, bits, type);
  const shut = new BlockList();
  for (const [base, length] of closed) if (isIP(base) === family) shut.addSubnet(base, length, type);
  return shut.check(address, type) || closed.some(([base]) => isIP(base) === family && named.check(base, type));
}

/** `HOST[:PORT]`, where IPv6 with a port stands in brackets. */
function hostOf(entry: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(entry);
  if (bracketed) return bracketed[1] ?? '';
  return isIP(entry.split('/')[0] ?? '') === 6 ? entry : entry.replace(/:\d*$/, '');
}
