import { isIPv4, isIPv6 } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { networkNamePattern } from '../../protocol/networks.ts';

/* Values of `network create`; see ../options.ts. Whether a range is free is for the host to say. */

/** Docker's names of networks that it always has. */
const reserved = ['none', 'host', 'bridge'];

export function parseNewNetwork(name: string): string {
  if (reserved.includes(name)) throw new InvalidArgumentError(`“${name}” has a meaning of its own as a network. Choose another name.`);
  if (networkNamePattern.test(name)) return name;
  throw new InvalidArgumentError('The name of a network has at most 63 letters, digits, “_”, “.” and “-”, and begins with a letter or a digit.');
}

/** IPv4 or IPv6 in CIDR notation. */
export function parseSubnet(text: string): string {
  if (text.includes(':')) return parseSubnet6(text);
  const [address = '', prefix = '', ...rest] = text.split('/');
  if (isIPv4(address) && rest.length === 0 && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32) return text;
  throw new InvalidArgumentError('Write a range in CIDR notation, such as 10.20.0.0/24.');
}

export function parseSubnet6(text: string): string {
  const [address = '', prefix = '', ...rest] = text.split('/');
  if (isIPv6(address) && !address.includes('%') && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= 128) return text;
  throw new InvalidArgumentError('Write a range in CIDR notation, such as fd12:3456:789a::/64.');
}

/** There is only one kind of networks; docker calls it `bridge`, and apple/container `nat`. */
export function parseDriver(text: string): string {
  if (text === 'bridge' || text === 'nat') return text;
  throw new InvalidArgumentError('There is one kind of networks, which docker calls “bridge”. Leave the option out.');
}
