import type { NetworkActivity, NetworkPolicy } from '../../runtime-host/protocol/networks.ts';

/** The entry of `allow` that lets through what was denied: `registry.example:443`, `[fd00::1]:53`; a question for a name is let through by the name. */
export function allowEntry({ destination, name, port, protocol }: NetworkActivity): string {
  const host = name || destination;
  if (protocol === 'dns' || protocol === 'icmp' || port === 0) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What to call it: `registry.example:443 (tcp)`. */
export function activityName(activity: NetworkActivity): string {
  const { name, destination, protocol } = activity;
  if (protocol === 'dns') return `${name || destination} (name)`;
  return `${allowEntry(activity)} (${protocol})`;
}

/**
 * A policy that lets these through, too. The modes that take no list become one: `none` with these only, `host-only` with
 * the host beside them.
 */
export function allowing(policy: NetworkPolicy | undefined, entries: readonly string[]): NetworkPolicy {
  const { mode, allow = [] } = policy ?? { mode: 'open' };
  const all = (...more: readonly string[]): readonly string[] => [...new Set([...allow, ...more, ...entries])];
  if (mode === 'none') return { mode: 'allowlist', allow: all() };
  if (mode === 'host-only') return { mode: 'allowlist', allow: all('host.berth.internal') };
  return { mode, allow: all() };
}

/** Those denied, the latest first, and of one destination one. */
export function deniedOnes(activities: readonly NetworkActivity[]): NetworkActivity[] {
  return activities.filter(({ verdict }) => verdict === 'denied').sort((a, b) => b.lastAt.localeCompare(a.lastAt));
}

/** The list that a learning container's activity makes. */
export function learnedEntries(activities: readonly NetworkActivity[]): string[] {
  return [...new Set(activities.filter(({ verdict, protocol }) => verdict === 'allowed' && protocol !== 'dns').map(allowEntry))].sort();
}
