import { realpath } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Mount } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';

const allowedKey = 'berth.allowedMounts';

/**
 * A configuration file comes with a folder, so it may ask for more of this machine but not take it: the user decides
 * once about each set of further folders, by their real paths, as a link in the folder may lead anywhere, and of
 * `grants`, which are in words.
 * @returns the mounts by their real paths; undefined when the user did not allow them
 */
export async function allowMounts({ context }: Services, folder: string, mounts: readonly Mount[], grants: readonly string[]): Promise<readonly Mount[] | undefined> {
  if (mounts.length === 0 && grants.length === 0) return mounts;
  const resolved = await Promise.all(mounts.map(async (mount) => ({ ...mount, source: await realPath(mount.source) })));
  const request = JSON.stringify([folder, resolved, ...(grants.length > 0 ? [grants] : [])]);
  if (context.workspaceState.get(allowedKey) === request) return resolved;
  const folders = resolved.map((mount) => `${mount.source} (${mount.readOnly ? 'read only' : 'read and write'})`);
  const list = [...folders, ...grants].join('\n');
  const answer = await vscode.window.showWarningMessage(
    'This folder’s configuration asks for access to more of this machine.',
    { modal: true, detail: `${list}\n\nThe container gets nothing else of this machine beside the folder itself.` },
    'Allow',
  );
  if (answer !== 'Allow') return undefined;
  await context.workspaceState.update(allowedKey, request);
  return resolved;
}

/** What cannot be reached stays as it is written; the host says what is wrong with it. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
