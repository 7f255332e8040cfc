import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import type { Mount } from '../../runtime-host/protocol/types.ts';

/**
 * What holds keys, or much of this machine, is shared only when the user insists, knowing why it should not be.
 * @returns the mounts, those that need it forced; undefined when the user thought better of it
 */
export async function forceProtected(client: BerthClient, mounts: readonly Mount[]): Promise<readonly Mount[] | undefined> {
  const refusals = await client.containers.refusedMounts(mounts);
  if (refusals.length === 0) return mounts;
  const answer = await vscode.window.showWarningMessage(
    'The container would get more than a container should have.',
    { modal: true, detail: `${refusals.map(({ path, reason }) => `${path} ${reason}.`).join('\n')}\n\nEverything that runs in the container could use it.` },
    'Share It All the Same',
  );
  if (answer !== 'Share It All the Same') return undefined;
  const forced = new Set(refusals.map(({ source }) => source));
  return mounts.map((mount) => (forced.has(mount.source) ? { ...mount, force: true } : mount));
}
