import { isIP } from 'node:net';
import type { HostEntry } from '../networks.ts';
import { InvalidValue } from './invalidValue.ts';

/* What users write about names, and what their environment says about proxies. */

/** `NAME:ADDRESS` or `NAME=ADDRESS`; the address may be `host-gateway`, the host. */
export function parseAddHost(text: string): HostEntry {
  const [, name = '', written = ''] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
  const address = written.replace(/^\[(.*)\]$/, '$1');
  if (name === '' || /\s/.test(name)) throw new InvalidValue('Write NAME:ADDRESS.');
  if (address === 'host-gateway' || isAddress(address)) return { name, address };
  throw new InvalidValue(`“${address}” is not an address. Write NAME:ADDRESS, or NAME:host-gateway for the host.`);
}

/** The address of a name server. */
export function parseDns(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidValue('Write the address of a name server, such as 9.9.9.9.');
}

/** A domain; docker has `.` for none at all. */
export function parseDnsSearch(text: string): string {
  if (text === '.' || (text.length <= 253 && /^[^\s.]+(\.[^\s.]+)*\.?$/.test(text))) return text;
  throw new InvalidValue('Write a domain such as example.com.');
}

export function parseDnsOption(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new InvalidValue('Write an option of resolv.conf(5), such as ndots:2.');
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];

/** The variables that tell the user's programs about proxies, in both spellings; empty ones tell nothing. */
export function clientProxies(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const names = proxyNames.flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
