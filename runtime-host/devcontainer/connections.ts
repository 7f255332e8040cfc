import { parseAddHost, parseDns, parseDnsOption, parseDnsSearch } from '../protocol/values/hostValues.ts';
import { parseAddress4, parseAddress6, parseAlias, parseMac, parseNetwork } from '../protocol/values/networkValues.ts';
import { parsePublish } from '../protocol/values/portValues.ts';
import { BerthError } from '../protocol/errors.ts';
import { defaultNetwork, type ConnectionOptions, type HostEntry, type NetworkAttachment, type PublishedPort, type ResolverOptions } from '../protocol/networks.ts';
import { readNetworkCustomization, type NetworkCustomization } from './networkCustomization.ts';

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

interface RunArguments {
  readonly ports: PublishedPort[];
  readonly networks: NetworkAttachment[];
  readonly first: { aliases?: string[]; address?: string; address6?: string; mac?: string };
  readonly hosts: HostEntry[];
  readonly resolver: { servers?: string[]; search?: string[]; options?: string[] };
  publishAllPorts?: boolean;
  noNetwork?: boolean;
  hostname?: string;
  /** Those that have no meaning for Berth. */
  readonly ignored: string[];
}

/** The options of `docker run` that concern the network; each takes a value. */
const runOptions: Readonly<Record<string, (found: RunArguments, value: string) => void>> = {
  '--publish': ({ ports }, value) => { ports.push(...parsePublish(value)); },
  '--network': addNetwork,
  '--network-alias': ({ first }, value) => { (first.aliases ??= []).push(parseAlias(value)); },
  '--ip': ({ first }, value) => { first.address = parseAddress4(value); },
  '--ip6': ({ first }, value) => { first.address6 = parseAddress6(value); },
  '--mac-address': ({ first }, value) => { first.mac = parseMac(value); },
  '--add-host': ({ hosts }, value) => { hosts.push(parseAddHost(value)); },
  '--dns': ({ resolver }, value) => { (resolver.servers ??= []).push(parseDns(value)); },
  '--dns-search': ({ resolver }, value) => { if (value !== '.') (resolver.search ??= []).push(parseDnsSearch(value)); },
  '--dns-option': ({ resolver }, value) => { (resolver.options ??= []).push(parseDnsOption(value)); },
  '--hostname': (found, value) => { found.hostname = value; },
};

const synonyms: Readonly<Record<string, string>> = { '-p': '--publish', '-h': '--hostname', '--net': '--network', '--net-alias': '--network-alias', '--dns-opt': '--dns-option', '-P': '--publish-all' };

/**
 * Reads `appPort`, the network options of `runArgs`, and `customizations.berth.network`, which has the last word.
 * @returns the connections, and which of `runArgs` are left alone
 * @throws BerthError DevContainerInvalid
 */
export function readConnections(root: Record<string, unknown>, file: string): { readonly connections: Connections; readonly ignoredArguments: readonly string[] } {
  const found = readRunArguments(root['runArgs'], file);
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
  return { connections: { options, ...(found.hostname && { hostname: found.hostname }), ...others(own) }, ignoredArguments: [...new Set(found.ignored)] };
}

function others({ proxies = true, ssh }: NetworkCustomization): Pick<Connections, 'proxies' | 'sshAgent'> {
  return { proxies, ...(ssh !== undefined && { sshAgent: ssh }) };
}

function readRunArguments(value: unknown, file: string): RunArguments {
  const found: RunArguments = { ports: [], networks: [], first: {}, hosts: [], resolver: {}, ignored: [] };
  const words: unknown = value ?? [];
  if (!Array.isArray(words) || words.some((word) => typeof word !== 'string')) throw unusable(`“runArgs” in ${file} must be a list of texts.`);
  for (let index = 0; index < words.length; index += 1) {
    const { name, value: attached } = splitWord(words[index] as string);
    const option = runOptions[name];
    const next = words[index + 1] as string | undefined;
    if (name === '--publish-all') {
      found.publishAllPorts = attached !== 'false';
      continue;
    }
    if (!option) {
      found.ignored.push(name);
      if (attached === undefined && next !== undefined && !next.startsWith('-')) index += 1;
      continue;
    }
    const text = attached ?? next;
    if (attached === undefined) index += 1;
    if (text === undefined) throw unusable(`“runArgs” in ${file} ends after “${name}”, which needs a value.`);
    about(`“runArgs” in ${file}: “${name} ${text}” cannot be meant`, () => option(found, text));
  }
  return found;
}

/** `--name=value`, `-p8080:80`, or a word whose value follows. */
function splitWord(word: string): { readonly name: string; readonly value?: string } {
  const [, short, rest] = /^(-[ph])([^-=].*)$/s.exec(word) ?? [];
  if (short !== undefined && rest !== undefined) return { name: synonyms[short] ?? short, value: rest };
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  return { name: synonyms[name] ?? name, ...(equals >= 0 && { value: word.slice(equals + 1) }) };
}

/** A virtual machine cannot share its host's network; its servers are forwarded instead. */
function addNetwork(found: RunArguments, value: string): void {
  if (value === 'host') {
    found.ignored.push('--network host');
    return;
  }
  const network = parseNetwork(value);
  if (network === 'none') found.noNetwork = true;
  else found.networks.push(network);
}

function networksOf({ noNetwork, networks, first }: RunArguments): NetworkAttachment[] | undefined {
  if (noNetwork) return [];
  const isPlain = Object.keys(first).length === 0;
  if (isPlain) return networks.length > 0 ? networks : undefined;
  const [attachment = { network: defaultNetwork }, ...rest] = networks;
  return [{ ...attachment, ...first }, ...rest];
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

/** Makes the complaint about a value one about the file. */
function about<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unusable(`${what}. ${(error as Error).message}`);
  }
}

function unusable(sentence: string): BerthError {
  return new BerthError('DevContainerInvalid', sentence);
}
