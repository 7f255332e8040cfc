import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Services } from '../context.ts';
import { realPathOf } from '../windowContainer.ts';

/** The folder that a window which is just opening shall open in a container at once. */
const pendingKey = 'berth.pendingFolder';
const pendingMilliseconds = 120_000;

interface PendingFolder {
  readonly path: string;
  /** When it was chosen, in milliseconds since 1970: what is old was given up, and must not surprise anybody. */
  readonly chosenAt: number;
}

/**
 * The real path of the folder to open: this window's, or the one chosen of several. Without a folder the user chooses
 * one; the window then opens it, and {@link takePendingFolder} goes on there.
 * @throws BerthError FolderInvalid
 */
export async function chooseFolder({ context }: Services): Promise<string | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    await openAnotherFolder(context);
    return undefined;
  }
  const folder = folders.length === 1 ? folders[0] : await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Open which folder in a container?' });
  if (!folder) return undefined;
  const path = realPathOf(folder.uri);
  if (path !== undefined) return path;
  if (folder.uri.scheme !== 'file') {
    throw new BerthError('FolderInvalid', `“${folder.name}” is not on this machine’s disk, so it cannot be shared with a container.`);
  }
  throw new BerthError('FolderInvalid', `The folder ${folder.uri.fsPath} does not exist any more.`);
}

async function openAnotherFolder(context: vscode.ExtensionContext): Promise<void> {
  const [chosen] = (await vscode.window.showOpenDialog({
    canSelectFolders: true, canSelectFiles: false, canSelectMany: false, title: 'Open Folder in Container', openLabel: 'Open in Container',
  })) ?? [];
  if (!chosen) return;
  const path = realPathOf(chosen);
  if (path === undefined) throw new BerthError('FolderInvalid', `The folder ${chosen.fsPath} cannot be reached on this machine’s disk.`);
  const pending: PendingFolder = { path, chosenAt: Date.now() };
  await context.globalState.update(pendingKey, pending);
  await vscode.commands.executeCommand('vscode.openFolder', chosen, { forceReuseWindow: true });
}

/** True, once, in a window that was opened for a folder chosen in {@link chooseFolder}. */
export function takePendingFolder(context: vscode.ExtensionContext): boolean {
  const pending = context.globalState.get<PendingFolder>(pendingKey);
  if (pending === undefined) return false;
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder || realPathOf(folder.uri) !== pending.path) return false;
  void context.globalState.update(pendingKey, undefined);
  return Date.now() - pending.chosenAt < pendingMilliseconds;
}
