import { isIPv4, isIPv6 } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { defaultNetwork, networkNamePattern, type NetworkAttachment } from '../../protocol/networks.ts';
import { Exit, ExitStatus } from '../cliError.ts';

/* Values of the options that join networks; see ../options.ts. Whether a network or an address is there to have is for the host to say. */

/** What `--network` asks for: a network, or none at all. */
export type NetworkValue = NetworkAttachment | 'none';

/** What concerns the first network, and is written apart from it. */
export interface FirstNetworkOptions {
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
  readonly networkAlias?: readonly string[] | undefined;
}

const fieldNames: Readonly<Record<string, 'network' | 'address' | 'address6' | 'mac' | 'alias'>> = {
  name: 'network', ip: 'address', ip6: 'address6', mac: 'mac', 'mac-address': 'mac', alias: 'alias',
};

/** `NAME[,ip=…][,ip6=…][,mac=…][,alias=…]`, docker's `name=NAME,…`, or `none`. */
export function parseNetwork(text: string): NetworkValue {
  if (text === 'none') return 'none';
  const fields: { network?: string; address?: string; address6?: string; mac?: string; aliases?: string[] } = {};
  for (const [index, field] of text.split(',').entries()) {
    const equals = field.indexOf('=');
    const value = field.slice(equals + 1);
    const name = equals < 0 && index === 0 ? 'network' : Object.hasOwn(fieldNames, field.slice(0, Math.max(0, equals))) ? fieldNames[field.slice(0, equals)] : undefined;
    if (name === undefined) throw new InvalidArgumentError(`“${field}” is not one of ip=, ip6=, mac= and alias=. Write NAME, or NAME,ip=192.168.80.5,alias=db.`);
    if (name === 'network') fields.network = networkOf(value);
    else if (name === 'address') fields.address = parseAddress4(value);
    else if (name === 'address6') fields.address6 = parseAddress6(value);
    else if (name === 'mac') fields.mac = parseMac(value);
    else (fields.aliases ??= []).push(parseAlias(value));
  }
  const { network, ...others } = fields;
  if (network === undefined) throw new InvalidArgumentError('The name of the network is missing. Write NAME, or NAME,ip=192.168.80.5,alias=db.');
  return { network, ...others };
}

function networkOf(name: string): string {
  if (name === 'bridge') return defaultNetwork; // Docker's name for it.
  const isContainer = name.startsWith('container:');
  if (name === 'host' || isContainer) {
    throw new InvalidArgumentError(`A container is a virtual machine of its own and cannot use the network of ${isContainer ? 'another one. Put both into one network, where they find each other by name' : 'the host. Use -p to reach it, and host.berth.internal to reach the host'}.`);
  }
  if (name === 'none') throw new InvalidArgumentError('“none” stands alone, and has no address.');
  if (!networkNamePattern.test(name)) throw new InvalidArgumentError('The name of a network has letters, digits, “_”, “.” and “-”, and begins with a letter or a digit.');
  return name;
}

export function parseAddress4(text: string): string {
  if (isIPv4(text)) return text;
  throw new InvalidArgumentError(`“${text}” is not an IPv4 address such as 192.168.80.5.`);
}

export function parseAddress6(text: string): string {
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (isIPv6(address) && !address.includes('%')) return address;
  throw new InvalidArgumentError(`“${text}” is not an IPv6 address such as fd12::5.`);
}

/** Six bytes in hexadecimal, in lower case with colons between them. */
export function parseMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) throw new InvalidArgumentError(`“${text}” is not a MAC address such as 02:42:ac:11:00:02.`);
  if (/^.[13579bdf]/.test(mac) || mac === '00:00:00:00:00:00') throw new InvalidArgumentError(`“${text}” is the address of a group and not of one interface. Choose one whose first byte is even, such as 02:42:ac:11:00:02.`);
  return mac;
}

export function parseAlias(text: string): string {
  if (networkNamePattern.test(text)) return text;
  throw new InvalidArgumentError(`“${text}” is not a name: letters, digits, “_”, “.” and “-”, beginning with a letter or a digit.`);
}

/**
 * All networks together. What is written apart from them is for the first one, or for the default network when none is named.
 * @throws Exit when they do not fit together
 */
export function networksOf(values: readonly NetworkValue[] | undefined, apart: FirstNetworkOptions): NetworkAttachment[] | undefined {
  const attachments = (values ?? []).filter((value) => value !== 'none');
  const further = Object.values(apart).some((value) => value !== undefined);
  if (values?.includes('none')) {
    if (attachments.length > 0) throw new Exit(ExitStatus.wrongOption, 'A container has either networks or “--network none”. Leave one of the two out.');
    if (further) throw new Exit(ExitStatus.wrongOption, 'A container without a network has no address and no names in it. Leave “--network none” or the others out.');
    return [];
  }
  const twice = attachments.find(({ network }, index) => attachments.findIndex((other) => other.network === network) !== index);
  if (twice) throw new Exit(ExitStatus.wrongOption, `The network “${twice.network}” is named twice. Write all about it in one --network ${twice.network},alias=…`);
  if (!further) return values && attachments;
  const [first = { network: defaultNetwork }, ...rest] = attachments;
  return [merged(first, apart), ...rest];
}

function merged(first: NetworkAttachment, { ip, ip6, macAddress, networkAlias }: FirstNetworkOptions): NetworkAttachment {
  for (const [option, apart, within] of [['--ip', ip, first.address], ['--ip6', ip6, first.address6], ['--mac-address', macAddress, first.mac]]) {
    if (apart !== undefined && within !== undefined) throw new Exit(ExitStatus.wrongOption, `${option} and --network ${first.network},… give two addresses of one kind. Leave one out.`);
  }
  const aliases = [...(first.aliases ?? []), ...(networkAlias ?? [])];
  return { ...first, ...(ip !== undefined && { address: ip }), ...(ip6 !== undefined && { address6: ip6 }), ...(macAddress !== undefined && { mac: macAddress }), ...(aliases.length > 0 && { aliases }) };
}
