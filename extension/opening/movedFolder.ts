import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';

/** Label with what stays the same of a folder when it is moved or renamed on its disk. */
export const folderIdentityLabel = 'berth.workspaceIdentity';

/** Device and inode number of a folder. */
export function folderIdentity(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `${dev}:${ino}`;
}

/** The container that was made for the folder when it was elsewhere, where nothing is any more. */
export function containerOfMoved(containers: readonly ContainerInfo[], folder: string): ContainerInfo | undefined {
  const identity = folderIdentity(folder);
  return containers.find(({ labels }) => {
    const before = labels[workspaceLabel];
    return labels[folderIdentityLabel] === identity && before !== undefined && before !== folder && !existsSync(before);
  });
}

/**
 * A container cannot follow its folder, so the user decides about it.
 * @returns the container that makes room; `undefined` when it is to stay; `'nothing'` when the user does not want to open the folder
 */
export async function decideAboutMoved(container: ContainerInfo, folder: string): Promise<ContainerInfo | undefined | 'nothing'> {
  const anew = 'Make Anew';
  const keep = 'Keep It and Make Another';
  const answer = await vscode.window.showWarningMessage(
    `“${basename(folder)}” was at ${container.labels[workspaceLabel]} when its container “${container.name}” was made.`,
    { modal: true, detail: 'A container stays with the place of its folder. Making it anew loses what was changed inside it. The folder itself is not touched.' },
    anew, keep,
  );
  if (answer === anew) return container;
  return answer === keep ? undefined : 'nothing';
}
