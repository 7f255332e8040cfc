import { isIP, isIPv6 } from 'node:net';
import { InvalidArgumentError, type Command } from 'commander';
import { networkPolicyModes, type NetworkPolicy, type NetworkPolicyMode } from '../../protocol/networks.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { collect } from '../options.ts';
import { linesOf } from './lineFiles.ts';

/* --network-policy and --allow, of `run`, `create` and `network policy`. */

export interface PolicyOptions {
  readonly networkPolicy?: NetworkPolicyMode;
  readonly allow?: readonly string[];
  readonly allowFile?: readonly string[];
}

export function addPolicyOptions(command: Command): Command {
  return command
    .option('--network-policy <policy>', 'what it may reach: open, host-only, none, allowlist, or learn (open, and recorded)', parsePolicyMode)
    .option('--allow <host[:port]>', 'what it may reach, too: a name, *.name, an address or a CIDR', collect(parseAllow))
    .option('--allow-file <file>', 'the same from a file, a line each', collect((text) => text));
}

/**
 * Without a mode, what is allowed is so beside what an open policy allows.
 * @throws Exit when there is no point in allowing something
 */
export function policyOf({ networkPolicy, allow: written = [], allowFile = [] }: PolicyOptions): NetworkPolicy | undefined {
  const entries = [...allowFile.flatMap((file) => readAllowFile(file)), ...written];
  const allow = allowFile.length > 0 || entries.length > 0 ? [...new Set(entries)] : undefined;
  if (networkPolicy === undefined && allow === undefined) return undefined;
  if ((networkPolicy === 'none' || networkPolicy === 'host-only') && entries.length > 0) {
    throw new Exit(ExitStatus.wrongOption, `The policy “${networkPolicy}” allows nothing further. Write --network-policy allowlist to allow only what is listed, such as host.berth.internal.`);
  }
  return { mode: networkPolicy ?? 'open', ...(allow && { allow }) };
}

function readAllowFile(path: string): string[] {
  return linesOf(path).map(({ text, place }) => {
    try {
      return parseAllow(text.trimEnd());
    } catch (error) {
      throw new Exit(ExitStatus.wrongOption, `${place}: “${text.trimEnd()}” cannot be allowed. ${(error as Error).message}`);
    }
  });
}

export function parsePolicyMode(text: string): NetworkPolicyMode {
  const mode = networkPolicyModes.find((one) => one === text);
  if (mode) return mode;
  throw new InvalidArgumentError(`Write one of ${networkPolicyModes.join(', ')}.`);
}

const hint = 'Write HOST or HOST:PORT, where HOST is a name, *.name, an address or a CIDR such as 10.0.0.0/8; IPv6 with a port stands in brackets.';

/** `HOST[:PORT]` */
export function parseAllow(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw new InvalidArgumentError(`This is a URL. ${hint}`);
  if (isIPv6(text.replace(/\/\d+$/, ''))) return checkHost(text);
  const [, host, port] = /^(\[[^\]]*\]|[^:[\]]+)(?::(.*))?$/s.exec(text) ?? [];
  if (host === undefined) throw new InvalidArgumentError(hint);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) throw new InvalidArgumentError(`“${port}” is not a port: a number from 1 to 65535.`);
  checkHost(host.replace(/^\[(.*)\]$/, '$1'), host.startsWith('['));
  return text;
}

function checkHost(host: string, bracketed = false): string {
  const [address = '', prefix, ...rest] = host.split('/');
  const family = isIP(address);
  if (prefix !== undefined) {
    const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128) && rest.length === 0;
    if (family === 0 || !isPrefix) throw new InvalidArgumentError(`“${host}” is not a CIDR such as 10.0.0.0/8 or fd00::/8.`);
  }
  if (family !== 0 && (family === 6 || !bracketed) && !address.includes('%')) return host;
  if (host.toLowerCase() === 'localhost') throw new InvalidArgumentError('A container’s localhost is itself; the host is host.berth.internal.');
  const labels = host.replace(/^\*\./, '').replace(/\.$/, '').split('.');
  const isName = !bracketed && prefix === undefined && labels.every((label) => /^[\p{L}\p{N}\p{M}_-]{1,63}$/u.test(label));
  // With a number at its end it is an address in some unusual form.
  if (isName && !/^(\d+|0x.*)$/i.test(labels.at(-1)!)) return host;
  throw new InvalidArgumentError(hint);
}
