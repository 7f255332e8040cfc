import { realpath, stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Services } from '../context.ts';
import { realPathOf } from '../windowContainer.ts';
import { folderOfConfiguration } from './configurationPaths.ts';

/** The folder that a window which is just opening shall open in a container at once. */
const pendingKey = 'berth.pendingFolder';
const pendingMilliseconds = 120_000;

interface PendingFolder {
  readonly path: string;
  /** When it was chosen, in milliseconds since 1970: what is old was given up, and must not surprise anybody. */
  readonly chosenAt: number;
}

export interface ChosenFolder {
  /** Real path. */
  readonly folder: string;
  /** The configuration that the user has pointed at. */
  readonly file?: string;
}

/**
 * The folder to open: the one that `target` is or, for a devcontainer.json, describes; else this window's, or the one
 * chosen of several. For a folder that is none of this window's, and where there is none, a window opens it, and
 * {@link takePendingFolder} goes on there.
 * @throws BerthError FolderInvalid
 */
export async function chooseFolder({ context }: Services, target: vscode.Uri | undefined): Promise<ChosenFolder | undefined> {
  if (target) return openTarget(context, target);
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    const [chosen] = (await vscode.window.showOpenDialog({
      canSelectFolders: true, canSelectFiles: false, canSelectMany: false, title: 'Open Folder in Container', openLabel: 'Open in Container',
    })) ?? [];
    if (chosen) await openAnotherFolder(context, chosen);
    return undefined;
  }
  const folder = folders.length === 1 ? folders[0] : await vscode.window.showWorkspaceFolderPick({ placeHolder: 'Open which folder in a container?' });
  return folder && { folder: pathOf(folder.uri) };
}

/** What the user has pointed at in the explorer or an editor. */
async function openTarget(context: vscode.ExtensionContext, target: vscode.Uri): Promise<ChosenFolder | undefined> {
  const described = folderOfConfiguration(target.fsPath);
  if (described === undefined && (await isFile(target))) {
    throw new BerthError('FolderInvalid', `${target.fsPath} is not where the configuration of a folder lies. Put it at .devcontainer/devcontainer.json in the folder that it is for.`);
  }
  const uri = described === undefined ? target : vscode.Uri.file(described);
  const folder = pathOf(uri);
  if (!(vscode.workspace.workspaceFolders ?? []).some((one) => realPathOf(one.uri) === folder)) {
    await openAnotherFolder(context, uri);
    return undefined;
  }
  // By the folder's real path, as the other configurations of it are called.
  return { folder, ...(described !== undefined && { file: await realpath(target.fsPath) }) };
}

async function isFile({ scheme, fsPath }: vscode.Uri): Promise<boolean> {
  if (scheme !== 'file') return false;
  return stat(fsPath).then((found) => found.isFile(), () => false); // What is not there is said where it is needed.
}

function pathOf(uri: vscode.Uri): string {
  const path = realPathOf(uri);
  if (path !== undefined) return path;
  if (uri.scheme !== 'file') throw new BerthError('FolderInvalid', `${uri.path} is not on this machine’s disk, so it cannot be shared with a container.`);
  throw new BerthError('FolderInvalid', `The folder ${uri.fsPath} does not exist any more.`);
}

async function openAnotherFolder(context: vscode.ExtensionContext, uri: vscode.Uri): Promise<void> {
  const pending: PendingFolder = { path: pathOf(uri), chosenAt: Date.now() };
  await context.globalState.update(pendingKey, pending);
  await vscode.commands.executeCommand('vscode.openFolder', uri, { forceReuseWindow: true });
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
