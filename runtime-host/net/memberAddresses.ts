import { createHash } from 'node:crypto';
import { BerthError } from '../protocol/errors.ts';
import type { ContainerNetwork, NetworkAttachment } from '../protocol/networks.ts';
import { cidr, contains, firstAddress, formatAddress, lastAddress, parseAddress, type Cidr } from './addresses.ts';
import type { NetworkAddresses } from './subnets.ts';

/** Somebody in the network, with the addresses that nobody else gets. */
export interface AddressHolder {
  readonly name: string;
  readonly address: string;
  readonly address6?: string;
  readonly mac: string;
}

const firstMember = 2n;

/**
 * The place of a container in a network: what it asks for, or the lowest addresses that are free. A pure function.
 * @param id of the container: its hardware address follows from it
 * @throws BerthError InvalidArgument when what it asks for cannot be had, NetworkInvalid when nothing is free
 */
export function allocateMember(id: string, wish: NetworkAttachment, network: NetworkAddresses, holders: readonly AddressHolder[]): ContainerNetwork {
  const { subnet, gateway, hostAddress, subnet6, gateway6, hostAddress6 } = network;
  const range = cidr(subnet);
  const taken = takenIn([gateway, hostAddress], holders, ({ address }) => address, wish.network);
  // The last address of an IPv4 range is its broadcast address.
  const address = wish.address === undefined ? lowestFree(range, lastAddress(range) - 1n, taken, firstMember, wish.network) : checked(wish.address, range, taken, wish.network, 1n);
  const six = subnet6 === undefined ? undefined : cidr(subnet6);
  if (!six && wish.address6 !== undefined) throw invalid(`The network “${wish.network}” has no IPv6 addresses, so a container cannot have ${wish.address6} in it.`);
  return {
    network: wish.network,
    ...(wish.aliases && wish.aliases.length > 0 && { aliases: [...new Set(wish.aliases)] }),
    address: formatAddress(4, address),
    prefixLength: range.prefixLength,
    gateway,
    ...(six && gateway6 !== undefined && hostAddress6 !== undefined && {
      address6: formatAddress(6, address6Of(six, wish, takenIn([gateway6, hostAddress6], holders, (holder) => holder.address6, wish.network), address - firstAddress(range))),
      prefixLength6: six.prefixLength,
      gateway6,
    }),
    mac: macOf(id, wish, holders),
  };
}

/** The same number within the range as with IPv4 where that is free: easy to remember. */
function address6Of(range: Cidr, wish: NetworkAttachment, taken: ReadonlyMap<bigint, string>, offset: bigint): bigint {
  if (wish.address6 !== undefined) return checked(wish.address6, range, taken, wish.network, 0n);
  return lowestFree(range, lastAddress(range), taken, offset, wish.network);
}

function takenIn(own: readonly string[], holders: readonly AddressHolder[], addressOf: (holder: AddressHolder) => string | undefined, network: string): Map<bigint, string> {
  const taken = new Map<bigint, string>();
  const add = (text: string | undefined, by: string): void => {
    const parsed = text === undefined ? undefined : parseAddress(text);
    if (parsed) taken.set(parsed.address, by);
  };
  for (const holder of holders) add(addressOf(holder), `container “${holder.name}” has it`);
  for (const text of own) add(text, `it is the network “${network}”’s own`);
  return taken;
}

function lowestFree(range: Cidr, last: bigint, taken: ReadonlyMap<bigint, string>, offset: bigint, network: string): bigint {
  for (let address = firstAddress(range) + offset; address <= last; address += 1n) if (!taken.has(address)) return address;
  throw new BerthError('NetworkInvalid', `The network “${network}” has no address that is free. Remove containers that are not needed any more, or make a larger network.`);
}

/** @param atEnd how many addresses at the end of the range nobody can have */
function checked(text: string, range: Cidr, taken: ReadonlyMap<bigint, string>, network: string, atEnd: bigint): bigint {
  const parsed = parseAddress(text);
  if (parsed?.family !== range.family) throw invalid(`“${text}” is no IPv${range.family} address.`);
  const { address } = parsed;
  const isInside = contains(range, range.family, address) && address !== firstAddress(range) && address <= lastAddress(range) - atEnd;
  if (!isInside) throw invalid(`A container of the network “${network}” cannot have the address ${text}: it has ${formatAddress(range.family, range.address)}/${range.prefixLength}.`);
  const by = taken.get(address);
  if (by !== undefined) throw invalid(`A container cannot have the address ${text} in the network “${network}”: ${by}.`);
  return address;
}

/** Locally administered and of one interface only (IEEE 802): the second hexadecimal digit is 2. */
function macOf(id: string, wish: NetworkAttachment, holders: readonly AddressHolder[]): string {
  const taken = new Map(holders.map(({ name, mac }) => [mac, name]));
  if (wish.mac !== undefined) {
    const mac = wish.mac.toLowerCase().replaceAll('-', ':');
    if (!/^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/.test(mac) || mac === '00:00:00:00:00:00') throw invalid(`“${wish.mac}” is no hardware address of one interface. Write 02:42:ac:11:00:02.`);
    if (taken.has(mac) || mac === gatewayMac) throw invalid(`The hardware address ${mac} is taken in the network “${wish.network}”: ${mac === gatewayMac ? 'the gateway has it' : `container “${taken.get(mac)}” has it`}.`);
    return mac;
  }
  for (let attempt = 0; ; attempt += 1) {
    const digits = createHash('sha256').update(`${id}/${wish.network}/${attempt}`).digest('hex').slice(0, 10);
    const mac = `02:${digits.match(/../g)!.join(':')}`;
    if (!taken.has(mac)) return mac;
  }
}

/** Of every network's gateway. */
export const gatewayMac = '5a:94:ef:e4:0c:dd';

function invalid(message: string): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option: 'networks' } });
}
