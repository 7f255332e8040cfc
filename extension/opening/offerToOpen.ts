import { basename } from 'node:path';
import * as vscode from 'vscode';
import { readFolderConfigs } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { realPathOf, uriOf } from '../windowContainer.ts';

/** Folders for which the user wants no offer. */
const declinedKey = 'berth.offerDeclined';

/** The same after whatever else begins now: nobody waits for it. */
export function offerSoon(services: Services): void {
  const timer = setTimeout(() => void offerToOpen(services), 0);
  services.context.subscriptions.push({ dispose: () => clearTimeout(timer) });
}

/**
 * Looks, once the window is there, whether one of its folders has a configuration: then the status bar has a way to its
 * container, and the user is offered to open it, unless they asked not to be. Reads file names and nothing else.
 */
async function offerToOpen(services: Services): Promise<void> {
  const { window, log, context: { workspaceState } } = services;
  try {
    const folders = (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => realPathOf(uri) ?? []);
    const described = (await Promise.all(folders.map(async (folder) => ({ folder, found: await readFolderConfigs(folder) })))).find(({ found }) => found.length > 0);
    if (!described) return;
    window.setConfigured();
    const { folder } = described;
    if (window.inContainer || !vscode.workspace.getConfiguration('berth', uriOf(folder)).get('offerToOpen', true)) return;
    const declined = workspaceState.get<readonly string[]>(declinedKey, []);
    if (declined.includes(folder)) return;
    const answer = await vscode.window.showInformationMessage(`“${basename(folder)}” has a configuration for a container.`, 'Open in Container', 'Don’t Ask Again');
    if (answer === 'Open in Container') await vscode.commands.executeCommand('berth.openFolder', vscode.Uri.file(folder));
    else if (answer) await dontAskAgain(workspaceState, declined, folder);
  } catch (error) {
    log.warn(`Whether the folder has a configuration is not known: ${describe(error)}`);
  }
}

async function dontAskAgain(memory: vscode.Memento, declined: readonly string[], folder: string): Promise<void> {
  await memory.update(declinedKey, [...declined, folder]);
  const here = { label: `$(folder) For “${basename(folder)}” only` };
  const everywhere = { label: '$(globe) For every folder', description: 'turns the setting “berth.offerToOpen” off' };
  const answer = await vscode.window.showQuickPick([here, everywhere], { title: 'Open Folder in Container', placeHolder: 'Don’t ask again…' });
  if (answer === everywhere) await vscode.workspace.getConfiguration('berth').update('offerToOpen', false, vscode.ConfigurationTarget.Global);
}
