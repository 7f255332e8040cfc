import { isIPv6 } from 'node:net';
import type { NetworkActivity } from '../protocol/networks.ts';
import { formatSince, formatTable } from './output.ts';

/** The newest first. */
export function activityTable(activities: readonly NetworkActivity[], now = Date.now()): string {
  const rows = activities.toSorted((a, b) => Date.parse(b.lastAt) - Date.parse(a.lastAt)).map(({ destination, name, port, protocol, verdict, count, lastAt }) => [
    verdict, port === 0 || protocol === 'dns' ? protocol : `${port}/${protocol}`, String(count), `${formatSince(lastAt, now)} ago`, destination || '-', name ?? '-',
  ]);
  return formatTable(['VERDICT', 'PORT', 'COUNT', 'LAST', 'ADDRESS', 'NAME'], rows);
}

/**
 * The entries for `--allow` that permit all of this, in order of the alphabet: by name where there is one, for addresses
 * change. A name that was only asked for is not there when a connection to it is.
 */
export function allowList(activities: readonly NetworkActivity[]): string[] {
  const connected = new Set(activities.flatMap(({ protocol, name }) => (protocol !== 'dns' && name ? [name] : [])));
  const entries = activities.flatMap(({ destination, name, port, protocol }) => {
    const host = name || destination;
    if (host === '' || (protocol === 'dns' && connected.has(host))) return [];
    const isPort = port !== 0 && (protocol === 'tcp' || protocol === 'udp');
    return isPort ? `${isIPv6(host) ? `[${host}]` : host}:${port}` : host;
  });
  return [...new Set(entries)].sort();
}
