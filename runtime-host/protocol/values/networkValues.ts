import { isIPv4, isIPv6 } from 'node:net';
import { defaultNetwork, networkNamePattern, type NetworkAttachment } from '../networks.ts';
import { InvalidValue } from './invalidValue.ts';

/* What users write to join networks. Whether a network or an address is there to have is for the host to say. */

/** What `--network` asks for: a network, or none at all. */
export type NetworkValue = NetworkAttachment | 'none';

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
    if (name === undefined) throw new InvalidValue(`“${field}” is not one of ip=, ip6=, mac= and alias=. Write NAME, or NAME,ip=192.168.80.5,alias=db.`);
    if (name === 'network') fields.network = networkOf(value);
    else if (name === 'address') fields.address = parseAddress4(value);
    else if (name === 'address6') fields.address6 = parseAddress6(value);
    else if (name === 'mac') fields.mac = parseMac(value);
    else (fields.aliases ??= []).push(parseAlias(value));
  }
  const { network, ...others } = fields;
  if (network === undefined) throw new InvalidValue('The name of the network is missing. Write NAME, or NAME,ip=192.168.80.5,alias=db.');
  return { network, ...others };
}

function networkOf(name: string): string {
  if (name === 'bridge') return defaultNetwork; // Docker's name for it.
  const isContainer = name.startsWith('container:');
  if (name === 'host' || isContainer) {
    throw new InvalidValue(`A container is a virtual machine of its own and cannot use the network of ${isContainer ? 'another one. Put both into one network, where they find each other by name' : 'the host. Use -p to reach it, and host.berth.internal to reach the host'}.`);
  }
  if (name === 'none') throw new InvalidValue('“none” stands alone, and has no address.');
  if (!networkNamePattern.test(name)) throw new InvalidValue('The name of a network has letters, digits, “_”, “.” and “-”, and begins with a letter or a digit.');
  return name;
}

export function parseAddress4(text: string): string {
  if (isIPv4(text)) return text;
  throw new InvalidValue(`“${text}” is not an IPv4 address such as 192.168.80.5.`);
}

export function parseAddress6(text: string): string {
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (isIPv6(address) && !address.includes('%')) return address;
  throw new InvalidValue(`“${text}” is not an IPv6 address such as fd12::5.`);
}

/** Six bytes in hexadecimal, in lower case with colons between them. */
export function parseMac(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) throw new InvalidValue(`“${text}” is not a MAC address such as 02:42:ac:11:00:02.`);
  if (/^.[13579bdf]/.test(mac) || mac === '00:00:00:00:00:00') throw new InvalidValue(`“${text}” is the address of a group and not of one interface. Choose one whose first byte is even, such as 02:42:ac:11:00:02.`);
  return mac;
}

export function parseAlias(text: string): string {
  if (networkNamePattern.test(text)) return text;
  throw new InvalidValue(`“${text}” is not a name: letters, digits, “_”, “.” and “-”, beginning with a letter or a digit.`);
}
