import { BerthError } from '../protocol/errors.ts';
import { defaultNetwork, type HostEntry, type NetworkAttachment, type PublishedPort } from '../protocol/networks.ts';
import type { Mount } from '../protocol/types.ts';
import { parseAddHost, parseDns, parseDnsOption, parseDnsSearch } from '../protocol/values/hostValues.ts';
import { parseMountOption, parseVolume, type MountValue } from '../protocol/values/mountValues.ts';
import { parseAddress4, parseAddress6, parseAlias, parseMac, parseNetwork } from '../protocol/values/networkValues.ts';
import { parseCpus, parseEnv, parseLabel, parseMemory, parseBytes } from '../protocol/values/plainValues.ts';
import { parsePublish } from '../protocol/values/portValues.ts';
import { parsePidsLimit, parseSecurityOption, parseTmpfs, parseUlimit } from '../protocol/values/worldValues.ts';
import type { VolumeMount } from '../protocol/volumes.ts';
import type { Tmpfs, Ulimit, WorldOptions } from '../protocol/worldOptions.ts';
import { readFolderEnvFile } from './envFile.ts';

/** What the options of `docker run` in `runArgs` ask for. */
export interface RunArguments {
  readonly ports: PublishedPort[];
  readonly networks: NetworkAttachment[];
  /** Of the first network. */
  readonly first: { aliases?: string[]; address?: string; address6?: string; mac?: string };
  readonly hosts: HostEntry[];
  readonly resolver: { servers?: string[]; search?: string[]; options?: string[] };
  publishAllPorts?: boolean;
  noNetwork?: boolean;
  hostname?: string;
  readonly world: { -readonly [Name in keyof WorldOptions]: WorldOptions[Name] };
  readonly machine: { memoryBytes?: number; cpus?: number };
  readonly env: Record<string, string>;
  readonly labels: Record<string, string>;
  readonly mounts: Mount[];
  readonly volumes: VolumeMount[];
  name?: string;
  user?: string;
  /** Those that have no meaning for Berth. */
  readonly ignored: string[];
}

/** Where they come from. */
export interface RunArgumentsSource {
  /** How the file is called in messages. */
  readonly file: string;
  /** What relative paths begin at: the workspace folder. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

type Apply = (found: RunArguments, value: string, source: RunArgumentsSource) => void;
type Flags = 'init' | 'privileged' | 'readOnlyRoot';

function add<Item>(list: readonly Item[] | undefined, item: Item): Item[] {
  return [...(list ?? []), item];
}

/** Options that take a value. */
const options: Readonly<Record<string, Apply>> = {
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
  '--name': (found, value) => { found.name = value; },
  '--user': (found, value) => { found.user = value; },
  '--label': ({ labels }, value) => { const [key, text] = parseLabel(value); labels[key] = text; },
  '--env': ({ env }, value, { environment }) => { setVariable(env, parseEnv(value, environment)); },
  '--env-file': ({ env }, value, { folder, environment }) => { for (const entry of readFolderEnvFile(value, folder, environment)) setVariable(env, entry); },
  '--mount': (found, value, { folder }) => { addMount(found, parseMountOption(value, folder)); },
  '--volume': (found, value, { folder }) => { addMount(found, parseVolume(value, folder)); },
  '--memory': ({ machine }, value) => { machine.memoryBytes = parseMemory(value); },
  '--cpus': ({ machine }, value) => { machine.cpus = parseCpus(String(Math.ceil(Number(value)))); },
  '--cap-add': ({ world }, value) => { world.capAdd = add(world.capAdd, value); },
  '--cap-drop': ({ world }, value) => { world.capDrop = add(world.capDrop, value); },
  '--security-opt': ({ world }, value) => { Object.assign(world, parseSecurityOption(value)); },
  '--ulimit': ({ world }, value) => { world.ulimits = add<Ulimit>(world.ulimits, parseUlimit(value)); },
  '--pids-limit': ({ world }, value) => { world.pidsLimit = parsePidsLimit(value); },
  '--tmpfs': ({ world }, value) => { world.tmpfs = add<Tmpfs>(world.tmpfs, parseTmpfs(value)); },
  '--shm-size': ({ world }, value) => { world.sharedMemoryBytes = parseBytes(value); },
  '--group-add': ({ world }, value) => { world.additionalGroups = add(world.additionalGroups, value); },
};

/** Options without a value. */
const flags: Readonly<Record<string, (found: RunArguments, on: boolean) => void>> = {
  '--publish-all': (found, on) => { found.publishAllPorts = on; },
  '--init': worldFlag('init'),
  '--privileged': worldFlag('privileged'),
  '--read-only': worldFlag('readOnlyRoot'),
};

/** Options without a value that have no meaning for Berth; what follows them is not theirs. */
const ignoredFlags = new Set(['--rm', '--detach', '-d', '--interactive', '-i', '--tty', '-t', '-it', '-ti', '-dit', '--no-healthcheck', '--oom-kill-disable', '--sig-proxy', '--disable-content-trust', '--quiet', '-q']);

const synonyms: Readonly<Record<string, string>> = {
  '-p': '--publish', '-h': '--hostname', '--net': '--network', '--net-alias': '--network-alias', '--dns-opt': '--dns-option', '-P': '--publish-all',
  '-e': '--env', '-l': '--label', '-m': '--memory', '-u': '--user', '-v': '--volume',
};

/** @param entry `NAME=value` */
function setVariable(env: Record<string, string>, entry = ''): void {
  const [, name, value = ''] = /^([^=]*)=(.*)$/s.exec(entry) ?? [];
  if (name !== undefined) env[name] = value;
}

function worldFlag(name: Flags): (found: RunArguments, on: boolean) => void {
  return ({ world }, on) => { if (on) world[name] = true; else delete world[name]; };
}

/**
 * Reads `runArgs`.
 * @param words what has the shape of it
 * @throws BerthError DevContainerInvalid when an option has a value that cannot be meant
 */
export function readRunArguments(words: readonly string[], source: RunArgumentsSource): RunArguments {
  const { file } = source;
  const found: RunArguments = { ports: [], networks: [], first: {}, hosts: [], resolver: {}, world: {}, machine: {}, env: {}, labels: {}, mounts: [], volumes: [], ignored: [] };
  for (let index = 0; index < words.length; index += 1) {
    const { name, value: attached } = splitWord(words[index] ?? '');
    const next = words[index + 1];
    const flag = own(flags, name);
    const option = own(options, name);
    if (flag) {
      flag(found, attached !== 'false');
    } else if (!option) {
      found.ignored.push(name);
      if (attached === undefined && next !== undefined && !next.startsWith('-') && !ignoredFlags.has(name)) index += 1;
    } else {
      const text = attached ?? next;
      if (attached === undefined) index += 1;
      if (text === undefined) throw unusable(`“runArgs” in ${file} ends after “${name}”, which needs a value.`);
      about(`“runArgs” in ${file}: “${name} ${text}” cannot be meant`, () => option(found, text, source));
    }
  }
  return found;
}

/** Makes the complaint about a value one about the file. */
export function about<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unusable(`${what}. ${(error as Error).message}`);
  }
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `--name=value`, `-p8080:80`, or a word whose value follows. */
function splitWord(word: string): { readonly name: string; readonly value?: string } {
  const [, short, rest] = /^(-[phelmuv])=?([^-=].*)$/s.exec(word) ?? [];
  if (short !== undefined && rest !== undefined) return { name: synonyms[short] ?? short, value: rest };
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  return { name: own(synonyms, name) ?? name, ...(equals >= 0 && { value: word.slice(equals + 1) }) };
}

/** Files that come with a folder force nothing. */
function addMount({ mounts, volumes, world }: RunArguments, value: MountValue): void {
  if (value.kind === 'volume') volumes.push(value.mount);
  else if (value.kind === 'tmpfs') world.tmpfs = add<Tmpfs>(world.tmpfs, value.mount);
  else mounts.push({ source: value.mount.source, target: value.mount.target, readOnly: value.mount.readOnly });
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

/** What they say about networks; undefined when nothing. */
export function networksOf({ noNetwork, networks, first }: RunArguments): NetworkAttachment[] | undefined {
  if (noNetwork) return [];
  const isPlain = Object.keys(first).length === 0;
  if (isPlain) return networks.length > 0 ? networks : undefined;
  const [attachment = { network: defaultNetwork }, ...rest] = networks;
  return [{ ...attachment, ...first }, ...rest];
}

function unusable(sentence: string): BerthError {
  return new BerthError('DevContainerInvalid', sentence);
}
