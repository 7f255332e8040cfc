import { sep } from 'node:path';
import type { Grant } from '../../runtime-host/protocol/grants.ts';
import type { Mount } from '../../runtime-host/protocol/types.ts';

export type Verdict = 'allowed' | 'denied' | 'ask';

/** What earlier decisions say about a directory that a workspace asks for; both by their real paths. */
export function verdictOn(workspace: string, mount: Mount, grants: readonly Grant[]): Verdict {
  // What is in the workspace's folder, the container sees anyhow.
  if (isInside(workspace, mount.source)) return 'allowed';
  const grant = grants.find((one) => one.workspace === workspace && one.path === mount.source);
  if (!grant) return 'ask';
  if (grant.decision === 'deny') return 'denied';
  return grant.readOnly && !mount.readOnly ? 'ask' : 'allowed';
}

/** Whether a directory is a workspace's, or in it; both by their real paths. */
export function isInside(workspace: string, path: string): boolean {
  return `${path}${sep}`.startsWith(`${workspace}${sep}`);
}

/** Those of a container's wanted directories that it does not have. */
export function missingMounts(wanted: readonly Mount[], present: readonly Mount[]): Mount[] {
  return wanted.filter((mount) => !present.some(({ source, target }) => source === mount.source && target === mount.target));
}

/** A place in the container for a directory that nobody has named one for. */
export function freeTarget(name: string, taken: ReadonlySet<string>): string {
  const base = `/mnt/${name === '' ? 'shared' : name.replace(/[^\w.-]+/g, '-')}`;
  for (let number = 1; ; number += 1) {
    const target = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(target)) return target;
  }
}
