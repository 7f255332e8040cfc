import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { isNodeError } from '../protocol/errors.ts';
import { formatCidr, parseCidr, type Cidr } from './addresses.ts';
import type { TakenRange } from './subnets.ts';

const netstatMilliseconds = 5000;

/** What this machine reaches by itself: its interfaces' ranges and its routes, but for those that say “everything else”. */
export async function hostRanges(): Promise<TakenRange[]> {
  const routes = process.platform === 'linux' ? await linuxRoutes() : await netstatRoutes();
  const taken = [...interfaceRanges(), ...routes.map(({ range, device }) => ({ range, by: `the route ${formatCidr(range)} of this machine (${device})` }))];
  return taken.filter(({ range }) => range.prefixLength > 0);
}

interface Route {
  readonly range: Cidr;
  readonly device: string;
}

function interfaceRanges(): TakenRange[] {
  return Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? []).flatMap(({ cidr }) => {
      const range = parseCidr((cidr ?? '').replace(/%[^/]*/, ''));
      return range ? [{ range, by: `${formatCidr(range)} of this machine’s interface ${device}` }] : [];
    }));
}

async function linuxRoutes(): Promise<Route[]> {
  const [four, six] = await Promise.all(['/proc/net/route', '/proc/net/ipv6_route'].map(textOf));
  return [...parseIpv4Routes(four ?? ''), ...parseIpv6Routes(six ?? '')];
}

/** Of a kernel without IPv6, or where /proc is not there. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (isNodeError(error) && (error.code === 'ENOENT' || error.code === 'EACCES')) return '';
    throw error;
  });
}

/** Lines of /proc/net/route: interface, destination, gateway, …; the eighth is the mask. Addresses are in the machine's byte order. */
export function parseIpv4Routes(text: string): Route[] {
  return text.split('\n').slice(1).flatMap((line) => {
    const [device, destination, , , , , , mask] = line.split('\t').map((field) => field.trim());
    if (!device || !/^[0-9A-F]{8}$/.test(destination ?? '') || !/^[0-9A-F]{8}$/.test(mask ?? '')) return [];
    const value = (hex: string): bigint => BigInt(Buffer.from(hex, 'hex').readUInt32LE());
    const prefixLength = value(mask!).toString(2).replace(/0+$/, '').length;
    return [{ range: { family: 4 as const, address: value(destination!), prefixLength: value(mask!) === 0n ? 0 : prefixLength }, device }];
  });
}

/** Lines of /proc/net/ipv6_route: destination, prefix length (hexadecimal), …; the last is the interface. */
export function parseIpv6Routes(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [destination, length, device] = [fields[0], fields[1], fields.at(-1)];
    if (!/^[0-9a-f]{32}$/.test(destination ?? '') || !/^[0-9a-f]{2}$/.test(length ?? '') || !device) return [];
    return [{ range: { family: 6 as const, address: BigInt(`0x${destination}`), prefixLength: parseInt(length!, 16) }, device }];
  });
}

/** macOS has no such files. */
async function netstatRoutes(): Promise<Route[]> {
  const { stdout } = await promisify(execFile)('netstat', ['-rn'], { timeout: netstatMilliseconds, maxBuffer: 16 * 1024 * 1024 });
  return parseNetstat(stdout);
}

/** Destinations may leave out what is zero: `10/8`, `192.168.1`, `169.254`; hosts have no length. */
export function parseNetstat(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [destination = '', , , device = ''] = line.trim().split(/\s+/);
    const range = netstatRange(destination.replace(/%[^/]*/, ''));
    return range && device ? [{ range, device }] : [];
  });
}

function netstatRange(destination: string): Cidr | undefined {
  const [address = '', length] = destination.split('/');
  if (address.includes(':')) return parseCidr(`${address}/${length ?? 128}`);
  if (!/^\d+(\.\d+){0,3}$/.test(address)) return undefined;
  const parts = address.split('.');
  const whole = [...parts, '0', '0', '0'].slice(0, 4).join('.');
  return parseCidr(`${whole}/${length ?? 8 * parts.length}`);
}
