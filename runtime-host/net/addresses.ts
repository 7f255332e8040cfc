import { isIP } from 'node:net';

/** An IP address as a number, or a range of them. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The range's first address, or whichever was written. */
  readonly address: bigint;
  readonly prefixLength: number;
}

const bits = { 4: 32, 6: 128 } as const;

/** Undefined when the text is no address. IPv6 zones are none. */
export function parseAddress(text: string): { readonly family: 4 | 6; readonly address: bigint } | undefined {
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 4) return { family, address: parseIpv4(text) };
  if (family === 6) return { family, address: parseIpv6(text) };
  return undefined;
}

/** Undefined when the text is not `ADDRESS/LENGTH`. The address need not be the range's first. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  const prefixLength = Number(length);
  return parsed && prefixLength <= bits[parsed.family] ? { ...parsed, prefixLength } : undefined;
}

export function formatAddress(family: 4 | 6, address: bigint): string {
  return family === 4 ? formatIpv4(address) : formatIpv6(address);
}

export function formatCidr({ family, address, prefixLength }: Cidr): string {
  return `${formatAddress(family, address)}/${prefixLength}`;
}

export function firstAddress({ family, address, prefixLength }: Cidr): bigint {
  const host = BigInt(bits[family] - prefixLength);
  return (address >> host) << host;
}

export function lastAddress(range: Cidr): bigint {
  return firstAddress(range) + (1n << BigInt(bits[range.family] - range.prefixLength)) - 1n;
}

export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && firstAddress(one) <= lastAddress(other) && firstAddress(other) <= lastAddress(one);
}

export function contains(range: Cidr, family: 4 | 6, address: bigint): boolean {
  return overlaps(range, { family, address, prefixLength: bits[family] });
}

/** @throws when the text is no CIDR: for those that were checked before */
export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(`“${text}” is no range of addresses.`);
  return parsed;
}

function parseIpv4(text: string): bigint {
  return text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseIpv6(text: string): bigint {
  // An IPv4 address at the end stands for the last two groups.
  const dotted = /[^:]+\.[^:]+$/.exec(text)?.[0];
  const low = dotted === undefined ? 0n : parseIpv4(dotted);
  const plain = dotted === undefined ? text : `${text.slice(0, -dotted.length)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

function formatIpv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');
}

/** As RFC 5952 has it: the longest run of at least two zero groups is `::`, the first of those that are equally long. */
function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((address >> BigInt(16 * (7 - index))) & 0xffffn));
  let [from, length] = [0, 1];
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - start > length) [from, length] = [start, end - start];
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}
