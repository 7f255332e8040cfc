import type { ForwardedPort, Listener, PortProtocol, PublishedPort } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';

export type PortKind = 'published' | 'forwarded' | 'detected';

/** A port of a container, and what of this machine leads to it. */
export interface PortEntry {
  /** `detected`: a server waits there, and nothing leads to it. */
  readonly kind: PortKind;
  readonly containerPort: number;
  readonly protocol: PortProtocol;
  /** Of this machine; absent when nothing leads there. */
  readonly host?: { readonly address: string; readonly port: number };
  /** The server, where one is known to wait. */
  readonly listener?: Listener;
}

/** What is published, forwarded or detected, by the container's port. `listeners` is undefined when nobody looks. */
export function portEntries({ ports = [], forwards = [] }: Pick<ContainerInfo, 'ports' | 'forwards'>, listeners: readonly Listener[] = []): PortEntry[] {
  const entries = [
    ...ports.filter(({ hostPort }) => hostPort !== 0).map((port) => publishedEntry(port, listeners)),
    ...forwards.map((port) => forwardedEntry(port, listeners)),
  ];
  const shown = new Set(entries.filter(({ listener }) => listener).map(({ containerPort }) => containerPort));
  for (const listener of listeners) {
    if (listener.protocol !== 'tcp' || shown.has(listener.port)) continue;
    shown.add(listener.port);
    entries.push({ kind: 'detected', containerPort: listener.port, protocol: 'tcp', listener: best(listeners, listener.port) ?? listener });
  }
  return entries.sort((a, b) => a.containerPort - b.containerPort || a.protocol.localeCompare(b.protocol) || (a.host?.port ?? 0) - (b.host?.port ?? 0));
}

/** A published port does not lead to a server that waits on the container's loopback address only. */
function publishedEntry({ hostAddress, hostPort, containerPort, protocol }: PublishedPort, listeners: readonly Listener[]): PortEntry {
  const listener = listeners.find((each) => each.protocol === protocol && each.port === containerPort && !isLoopback(each.address));
  return { kind: 'published', containerPort, protocol, host: { address: hostAddress || '127.0.0.1', port: hostPort }, ...(listener && { listener }) };
}

function forwardedEntry({ hostAddress, hostPort, containerPort }: ForwardedPort, listeners: readonly Listener[]): PortEntry {
  const listener = best(listeners, containerPort);
  return { kind: 'forwarded', containerPort, protocol: 'tcp', host: { address: hostAddress || '127.0.0.1', port: hostPort }, ...(listener && { listener }) };
}

/** Of several sockets at one port, one whose process is known. */
function best(listeners: readonly Listener[], port: number): Listener | undefined {
  const there = listeners.filter((each) => each.protocol === 'tcp' && each.port === port);
  return there.find(({ processName }) => processName) ?? there[0];
}

/** Whether only the machine itself reaches this address. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

/** `3000`, `53/udp`. */
export function portName({ containerPort, protocol }: Pick<PortEntry, 'containerPort' | 'protocol'>): string {
  return protocol === 'tcp' ? String(containerPort) : `${containerPort}/${protocol}`;
}

/** `127.0.0.1:3000`, `[::1]:3000`: what a program on this machine connects to. */
export function hostAddress({ address, port }: { readonly address: string; readonly port: number }): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`;
}

/** What a browser opens. Loopback is called by its name, which cookies and redirections of web applications are made for. */
export function browserAddress(host: { readonly address: string; readonly port: number }, scheme: 'http' | 'https'): string {
  const local = isLoopback(host.address) || host.address === '0.0.0.0' || host.address === '::';
  return `${scheme}://${local ? `localhost:${host.port}` : hostAddress(host)}/`;
}

/** A port as a person types it: `3000`, or `8080:3000` for another one on this machine. Undefined when it is none. */
export function parsePortWish(text: string): { readonly containerPort: number; readonly hostPort?: number } | undefined {
  const match = /^(?:(\d{1,5}):)?(\d{1,5})$/.exec(text.trim());
  const containerPort = Number(match?.[2]);
  if (!isPort(containerPort)) return undefined;
  if (match?.[1] === undefined) return { containerPort };
  const hostPort = Number(match[1]);
  return isPort(hostPort) ? { containerPort, hostPort } : undefined;
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}
