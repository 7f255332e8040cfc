import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { likelyGuestFolders } from '../../runtime-host/devcontainer/guestFolders.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { uriOf } from '../windowContainer.ts';
import { guestFolderTargets } from './guestFolders.ts';
import type { OpenedFolder } from './openedFolder.ts';

/** Folders for which the user was asked. */
const askedKey = 'berth.guestFoldersOffered';

/**
 * Offers, once for each folder, to keep what tools fill with many small files on the container’s own disk. Does not wait
 * for the user; never rejects.
 */
export async function offerGuestFolders({ context: { workspaceState }, log }: Services, { folder, config, created }: OpenedFolder): Promise<void> {
  try {
    const asked = workspaceState.get<readonly string[]>(askedKey, []);
    if (!created || asked.includes(folder) || guestFolderTargets(folder, config).length > 0) return;
    const folders = likelyGuestFolders(await readdir(folder));
    if (folders.length === 0) return;
    await workspaceState.update(askedKey, [...asked.slice(-20), folder]);
    const names = folders.map((name) => `“${name}”`).join(', ');
    const keep = 'Keep There and Rebuild';
    const answer = await vscode.window.showInformationMessage(
      `Keep ${names} of “${basename(folder)}” on the container’s own disk? Tools are faster there. This machine does not see what is in ${folders.length === 1 ? 'it' : 'them'}.`,
      keep, 'No',
    );
    if (answer !== keep) return;
    await vscode.workspace.getConfiguration('berth', uriOf(folder)).update('guestFolders', folders, vscode.ConfigurationTarget.WorkspaceFolder);
    await vscode.commands.executeCommand('berth.rebuild', uriOf(folder));
  } catch (error) {
    log.error(`Folders could not be kept on the container’s disk: ${describe(error)}`);
  }
}
