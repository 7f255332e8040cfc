import { randomBytes } from 'node:crypto';
import { BerthError } from '../protocol/errors.ts';
import { cidr, firstAddress, formatAddress, formatCidr, lastAddress, overlaps, parseCidr, type Cidr } from './addresses.ts';

/** A range that is taken, and by what, in words that follow “overlaps”. */
export interface TakenRange {
  readonly range: Cidr;
  readonly by: string;
  /** One of our networks: nothing overrides that. */
  readonly network?: boolean;
}

/** What follows from a network's ranges. */
export interface NetworkAddresses {
  readonly subnet: string;
  readonly gateway: string;
  readonly hostAddress: string;
  readonly subnet6?: string;
  readonly gateway6?: string;
  readonly hostAddress6?: string;
}

/** Ranges from which other programs choose theirs, though they may not have done so yet. */
const usual = [
  '192.168.88.0/24', '192.168.99.0/24', '192.168.100.0/24', '192.168.122.0/24', '192.168.127.0/24', '100.64.0.0/10',
].map(cidr);

/** Shorter prefixes are not of somebody's network: a VPN may have all addresses in two halves. */
const shortestTakenPrefix = 7;
const [shortestPrefix, longestPrefix] = [8, 29];

/** Never a container's: this host, link-local, multicast and reserved addresses. */
const forbidden = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/8', 'fe80::/10', 'ff00::/8', '64:ff9b::/96'].map(cidr);

/**
 * A private /24 that nobody has.
 * @throws BerthError NetworkInvalid when there is none
 */
export function chooseSubnet(taken: readonly TakenRange[]): string {
  const ranges = [...usual, ...taken.filter(isOfSomebody).map(({ range }) => range)];
  for (const candidate of candidates()) if (!ranges.some((range) => overlaps(range, candidate))) return formatCidr(candidate);
  throw new BerthError('NetworkInvalid', 'No private range of addresses is free on this machine. Say which one the network is to have (--subnet).');
}

/** A unique local /64 with a random global ID (RFC 4193, section 3.2.2) and the subnet 0. */
export function randomSubnet6(random: Buffer = randomBytes(5)): string {
  return formatCidr({ family: 6, address: ((0xfdn << 40n) | BigInt(`0x${random.toString('hex')}`)) << 80n, prefixLength: 64 });
}

/**
 * Checks a subnet that somebody has chosen.
 * @returns what it overlaps that is not ours, to be told: they may know better
 * @throws BerthError InvalidArgument when containers cannot have such addresses; NetworkInvalid when a network has them
 */
export function checkSubnet(text: string, taken: readonly TakenRange[], family: 4 | 6 = 4): string | undefined {
  const option = family === 4 ? 'subnet' : 'subnet6';
  const range = parseCidr(text);
  if (range?.family !== family) throw invalid(`“${text}” is no range of IPv${family} addresses. Write ${family === 4 ? '192.168.90.0/24' : 'fd12:3456:789a::/64'}.`, option);
  const { prefixLength } = range;
  if (family === 6 && prefixLength !== 64) throw invalid(`The IPv6 range of a network is a /64, not a /${prefixLength}.`, option);
  if (family === 4 && (prefixLength < shortestPrefix || prefixLength > longestPrefix)) throw invalid(`A network’s range of IPv4 addresses is between a /${shortestPrefix} and a /${longestPrefix}; ${text} is not.`, option);
  if (firstAddress(range) !== range.address) throw invalid(`${text} is not the beginning of a range. Write ${formatCidr({ ...range, address: firstAddress(range) })}.`, option);
  if (forbidden.some((other) => overlaps(other, range))) throw invalid(`Containers cannot have addresses of ${text}: they mean something else everywhere. Choose a private range.`, option);
  const clashes = taken.filter((other) => overlaps(other.range, range));
  const ours = clashes.find(({ network }) => network);
  if (ours) throw new BerthError('NetworkInvalid', `${text} overlaps ${ours.by}. Choose another range, or remove that network.`, { data: { option } });
  const foreign = clashes.find(isOfSomebody);
  return foreign && `${text} overlaps ${foreign.by}: containers of this network do not reach what is there.`;
}

/** Gateway: the first address. The host: the last one that can be used, and `…::fffe`. */
export function addressesOf(subnet: string, subnet6: string | undefined): NetworkAddresses {
  const range = cidr(subnet);
  const first6 = subnet6 === undefined ? undefined : firstAddress(cidr(subnet6));
  return {
    subnet,
    gateway: formatAddress(4, firstAddress(range) + 1n),
    hostAddress: formatAddress(4, lastAddress(range) - 1n),
    ...(subnet6 !== undefined && first6 !== undefined && { subnet6, gateway6: formatAddress(6, first6 + 1n), hostAddress6: formatAddress(6, first6 + 0xfffen) }),
  };
}

function* candidates(): Generator<Cidr> {
  const third = (first: number, second: number, from: number, to: number): Cidr[] => Array.from({ length: to - from + 1 }, (_, index) => cidr(`${first}.${second}.${from + index}.0/24`));
  yield* third(192, 168, 80, 127);
  yield* third(10, 231, 0, 255);
  for (const second of [29, 30, 31]) yield* third(172, second, 0, 255);
}

function isOfSomebody({ range, network }: TakenRange): boolean {
  return network === true || range.prefixLength >= shortestTakenPrefix;
}

function invalid(message: string, option: string): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option } });
}
