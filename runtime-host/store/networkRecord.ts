import { isIPv4, isIPv6 } from 'node:net';

/** networks/<name>/network.json: everything about a network; its gateway and the host's address follow from its ranges. */
export interface NetworkRecord {
  readonly version: 1;
  readonly name: string;
  /** IPv4, in CIDR notation. */
  readonly subnet: string;
  /** IPv6, in CIDR notation. */
  readonly subnet6?: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A record as it was written, or the name of the first member that is not as it must be.
 * @param name of the directory that it lies in, which it must name
 */
export function parseNetworkRecord(text: string, name: string): NetworkRecord | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'not JSON' };
  }
  if (!isObject(value)) return { wrong: 'not an object' };
  const record = value as Partial<NetworkRecord>;
  const checks: Readonly<Record<keyof NetworkRecord, boolean>> = {
    version: record.version === 1,
    name: record.name === name,
    subnet: isRange(record.subnet, isIPv4, 29),
    subnet6: record.subnet6 === undefined || isRange(record.subnet6, isIPv6, 64),
    createdAt: typeof record.createdAt === 'string',
    labels: isObject(record.labels) && Object.values(record.labels).every((label) => typeof label === 'string'),
  };
  const wrong = Object.entries(checks).find(([, isRight]) => !isRight);
  return wrong ? { wrong: wrong[0] } : (value as unknown as NetworkRecord);
}

function isRange(value: unknown, isAddress: (text: string) => boolean, longestPrefix: number): boolean {
  if (typeof value !== 'string') return false;
  const [address = '', length = '', ...rest] = value.split('/');
  return rest.length === 0 && isAddress(address) && /^[1-9]\d?$/.test(length) && Number(length) <= longestPrefix;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
