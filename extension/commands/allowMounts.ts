import * as vscode from 'vscode';
import type { Mount } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';

const allowedKey = 'berth.allowedMounts';

/**
 * A configuration file comes with a folder, so it may ask for more of this machine but not take it: the user decides
 * once about each set of further folders.
 */
export async function allowMounts({ context }: Services, folder: string, mounts: readonly Mount[]): Promise<boolean> {
  if (mounts.length === 0) return true;
  const request = JSON.stringify([folder, mounts]);
  if (context.workspaceState.get(allowedKey) === request) return true;
  const list = mounts.map((mount) => `${mount.source} (${mount.readOnly ? 'read only' : 'read and write'})`).join('\n');
  const answer = await vscode.window.showWarningMessage(
    'This folder’s configuration asks for access to more of this machine.',
    { modal: true, detail: `${list}\n\nThe container sees nothing else beside the folder itself.` },
    'Allow',
  );
  if (answer !== 'Allow') return false;
  await context.workspaceState.update(allowedKey, request);
  return true;
}
