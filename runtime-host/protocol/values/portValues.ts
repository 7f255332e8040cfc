import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { portProtocols, type PortProtocol, type PublishedPort, type PublishedSocket } from '../networks.ts';
import { InvalidValue } from './invalidValue.ts';

/* What users write to publish ports and sockets: on the command line, and in devcontainer.json. */

interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** More in one go is more likely a slip of the finger than a wish. */
const mostPorts = 1000;

/**
 * `[[ADDRESS:][HOST[-HOST]]:]CONTAINER[-CONTAINER][/PROTOCOL]`. Without a port of the host, or with 0, any that is free;
 * ranges must have the same length.
 */
export function parsePublish(text: string): PublishedPort[] {
  const { ports, protocol } = splitProtocol(text);
  const [, bracketed, rest = ''] = /^(?:\[([^\]]*)\]:)?(.*)$/s.exec(ports) ?? [];
  const words = rest.split(':');
  const container = words.pop() ?? '';
  const host = words.pop() ?? (bracketed === undefined ? '' : undefined);
  const address = bracketed ?? words.pop();
  if (host === undefined || words.length > 0) throw new InvalidValue('Write PORT, HOST:PORT or ADDRESS:HOST:PORT, such as 8080:80, 127.0.0.1:8080:80 or [::1]:8080:80.');
  if (address !== undefined && address !== '') checkHostAddress(address, bracketed !== undefined);
  const inside = rangeOf(container, 1);
  const outside = host === '' ? undefined : rangeOf(host, 0);
  const count = inside.last - inside.first + 1;
  if (count > mostPorts) throw new InvalidValue(`These are ${count} ports; one --publish can have ${mostPorts}.`);
  if (outside && outside.last - outside.first + 1 !== count) throw new InvalidValue(`The ranges ${host} and ${container} have different lengths. Give both the same, such as 8000-8009:80-89.`);
  if (outside && outside.first === 0 && count > 1) throw new InvalidValue('The host’s port 0 stands for any that is free, and begins no range. Leave the host’s ports out.');
  return Array.from({ length: count }, (_, index) => ({
    ...(address && { hostAddress: address }), hostPort: outside ? outside.first + index : 0, containerPort: inside.first + index, protocol,
  }));
}

/** `PORT[-PORT][/PROTOCOL]`: what there is to be published by `--publish-all`. */
export function parseExpose(text: string): PublishedPort[] {
  if (text.includes(':')) throw new InvalidValue('Write PORT[/PROTOCOL], a port of the container.');
  return parsePublish(text);
}

export interface ContainerPort {
  readonly port: number;
  readonly protocol: PortProtocol;
}

/** `PORT[/PROTOCOL]` of a container. */
export function parseContainerPort(text: string): ContainerPort {
  const { ports, protocol } = splitProtocol(text);
  return { port: portNumber(ports, 1), protocol };
}

function splitProtocol(text: string): { readonly ports: string; readonly protocol: PortProtocol } {
  const slash = text.indexOf('/');
  const word = slash < 0 ? 'tcp' : text.slice(slash + 1).toLowerCase();
  const protocol = portProtocols.find((one) => one === word);
  if (!protocol) throw new InvalidValue(`“${word}” is not a protocol of ports; ${portProtocols.join(' and ')} are.`);
  return { ports: slash < 0 ? text : text.slice(0, slash), protocol };
}

function checkHostAddress(address: string, bracketed: boolean): void {
  if (isIP(address) === (bracketed ? 6 : 4) && !address.includes('%')) return;
  const hint = address === 'localhost' ? ' Write 127.0.0.1, or no address: the loopback is what you get.' : bracketed && isIPv4(address) ? ' Only IPv6 addresses have brackets.' : ' Write one such as 127.0.0.1, 0.0.0.0 or [::1].';
  throw new InvalidValue(`“${address}” is not an address of this machine.${hint}`);
}

function rangeOf(text: string, least: number): PortRange {
  const [from = '', to = from, ...rest] = text.split('-');
  const range = { first: portNumber(from, least), last: portNumber(to, least) };
  if (rest.length > 0 || range.last < range.first) throw new InvalidValue(`“${text}” is not a range of ports. Write FIRST-LAST, such as 8000-8009.`);
  return range;
}

function portNumber(text: string, least: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= least && port <= 65_535) return port;
  throw new InvalidValue(text === '' ? 'A port of the container is missing. Write 8080:80, the host’s port first.' : `“${text}” is not a port: a number from ${least} to 65535.`);
}

/** `HOST:CONTAINER`, paths of unix sockets; the container's is absolute. */
export function parsePublishSocket(text: string, workingDirectory = process.cwd()): PublishedSocket {
  const [, host, container] = /^(.+):(\/[^:]*[^:/])$/s.exec(text) ?? [];
  if (host === undefined || container === undefined) throw new InvalidValue('Write HOST:CONTAINER, two paths of sockets; the one in the container is absolute.');
  return { hostPath: resolve(workingDirectory, host), containerPath: container };
}
