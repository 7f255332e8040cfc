import { isIPv6 } from 'node:net';
import type { PublishedPort } from '../protocol/networks.ts';
import type { ContainerInfo } from '../protocol/types.ts';

/** `127.0.0.1:8080`, `[::1]:8080` */
export function hostEnd({ hostAddress = '127.0.0.1', hostPort }: PublishedPort): string {
  return `${hostText(hostAddress)}:${hostPort}`;
}

/** The ports that lead into a container at this moment, by the container's port. */
export function openPorts({ state, ports = [] }: ContainerInfo): PublishedPort[] {
  if (state !== 'running' && state !== 'stopping') return [];
  return ports.toSorted((a, b) => a.containerPort - b.containerPort || a.protocol.localeCompare(b.protocol) || hostRank(a) - hostRank(b) || a.hostPort - b.hostPort);
}

/** Docker's form: `127.0.0.1:8080->80/tcp`, those in a row as one `127.0.0.1:8000-8009->80-89/tcp`. */
export function describePorts(info: ContainerInfo): string {
  const rows: { readonly first: PublishedPort; count: number }[] = [];
  for (const port of openPorts(info)) {
    const row = rows.find(({ first, count }) => first.hostAddress === port.hostAddress && first.protocol === port.protocol && port.containerPort - first.containerPort === count && port.hostPort - first.hostPort === count);
    if (row) row.count += 1;
    else rows.push({ first: port, count: 1 });
  }
  const range = (first: number, count: number): string => (count === 1 ? String(first) : `${first}-${first + count - 1}`);
  return rows.map(({ first, count }) => `${hostText(first.hostAddress ?? '127.0.0.1')}:${range(first.hostPort, count)}->${range(first.containerPort, count)}/${first.protocol}`).join(', ');
}

function hostText(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** IPv4 first. */
function hostRank({ hostAddress = '' }: PublishedPort): number {
  return isIPv6(hostAddress) ? 1 : 0;
}
