import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { HostEntry } from '../../protocol/networks.ts';
import { Exit, ExitStatus } from '../cliError.ts';

/* Further values of the options of connectionOptions.ts; see ../options.ts. */

/** `NAME:ADDRESS` or `NAME=ADDRESS`; the address may be `host-gateway`, the host. */
export function parseAddHost(text: string): HostEntry {
  const [, name = '', written = ''] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
  const address = written.replace(/^\[(.*)\]$/, '$1');
  if (name === '' || /\s/.test(name)) throw new InvalidArgumentError('Write NAME:ADDRESS.');
  if (address === 'host-gateway' || isAddress(address)) return { name, address };
  throw new InvalidArgumentError(`“${address}” is not an address. Write NAME:ADDRESS, or NAME:host-gateway for the host.`);
}

/** The address of a name server. */
export function parseDns(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError('Write the address of a name server, such as 9.9.9.9.');
}

/** A domain; docker has `.` for none at all. */
export function parseDnsSearch(text: string): string {
  if (text === '.' || (text.length <= 253 && /^[^\s.]+(\.[^\s.]+)*\.?$/.test(text))) return text;
  throw new InvalidArgumentError('Write a domain such as example.com.');
}

export function parseDnsOption(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new InvalidArgumentError('Write an option of resolv.conf(5), such as ndots:2.');
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

/**
 * The socket of the user's SSH agent.
 * @throws Exit when there is none
 */
export function agentSocket(environment: NodeJS.ProcessEnv = process.env): string {
  const path = environment['SSH_AUTH_SOCK'];
  if (!path) throw new Exit(ExitStatus.wrongOption, 'There is no SSH agent to pass on: SSH_AUTH_SOCK is not set. Start one with “eval $(ssh-agent)”, and give it your keys with “ssh-add”.');
  const absolute = resolve(path);
  if (!statSync(absolute, { throwIfNoEntry: false })?.isSocket()) throw new Exit(ExitStatus.wrongOption, `There is no SSH agent to pass on: SSH_AUTH_SOCK names ${absolute}, which is not a socket. Start one with “eval $(ssh-agent)”.`);
  return absolute;
}
