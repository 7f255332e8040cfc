import { sep } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { FactItem, MountItem } from '../views/containerParts.ts';
import { realPathOf } from '../windowContainer.ts';
import { pickContainer } from './pick.ts';
import { pickOne } from './selection.ts';

/** Copies a container's image or address; without an item the user chooses among its addresses. */
export async function copyFact(services: Services, argument: unknown): Promise<void> {
  if (argument instanceof FactItem) {
    await vscode.env.clipboard.writeText(argument.text);
    return;
  }
  const container = await pickContainer(services, argument, { placeHolder: 'Copy the address of which container?', states: ['running'], none: 'No container is running.' });
  if (!container) return;
  const choices = (container.networks ?? []).flatMap(({ network, address, address6 }) => [address, address6].filter((text) => text !== undefined).map((text) => ({ label: `$(globe) ${text}`, description: network, thing: text })));
  const address = await pickOne(choices, `Copy which address of ${container.name}?`, 'This container is in no network.');
  if (address !== undefined) await vscode.env.clipboard.writeText(address);
}

/** Shows a folder that a container sees: in the Explorer when it is in the workspace, else in this machine's file manager or another window. */
export async function revealMount(services: Services, argument: unknown): Promise<void> {
  const source = await mountSource(services, argument, 'Show which folder?');
  if (source === undefined) return;
  const uri = vscode.Uri.file(source);
  const isInside = (vscode.workspace.workspaceFolders ?? []).some((folder) => `${source}${sep}`.startsWith(`${realPathOf(folder.uri) ?? '\0'}${sep}`));
  if (isInside) await vscode.commands.executeCommand('revealInExplorer', uri);
  // The file manager is where the window is, which is not where the folder is when VS Code is used from afar.
  else if (vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined) await vscode.commands.executeCommand('revealFileInOS', uri);
  else await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
}

export async function copyMountPath(services: Services, argument: unknown): Promise<void> {
  const source = await mountSource(services, argument, 'Copy the path of which folder?');
  if (source !== undefined) await vscode.env.clipboard.writeText(source);
}

async function mountSource(services: Services, argument: unknown, placeHolder: string): Promise<string | undefined> {
  if (argument instanceof MountItem) return argument.source;
  const container = await pickContainer(services, argument, { placeHolder: 'Folders of which container?', states: ['created', 'starting', 'running', 'stopping', 'stopped'], none: 'There is no container.' });
  if (!container) return undefined;
  return pickOne(container.mounts.map(({ source, target }) => ({ label: `$(folder) ${target}`, description: source, thing: source })), placeHolder, 'This container sees no folder of this machine.');
}
