import { basename } from 'node:path';
import * as vscode from 'vscode';
import { readFolderConfigs } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { Services } from '../context.ts';
import { showFile } from './afterOpening.ts';
import { chooseFolder } from './chooseFolder.ts';
import { chooseImageFor } from './chooseImage.ts';
import { rememberConfiguration } from './folderConfiguration.ts';
import { writeConfiguration } from './writeConfiguration.ts';

interface Choice extends vscode.QuickPickItem {
  run?(): unknown;
}

/** “Configure Container…”: leads to the folder's configuration, or makes a first one. */
export async function configure(services: Services, target: vscode.Uri | undefined): Promise<void> {
  const chosen = await chooseFolder(services, target);
  if (!chosen) return;
  const { folder } = chosen;
  const found = await readFolderConfigs(folder);
  if (found.length === 0) {
    await writeFirst(services, folder);
    return;
  }
  const choices: Choice[] = [
    ...found.map(({ file, relativePath, name }) => ({ label: '$(edit) Edit Configuration', description: [name, relativePath].filter(Boolean).join(' · '), run: () => showFile(file) })),
    ...(found.length > 1 ? [{ label: '$(list-selection) Open with Another Configuration…', run: () => openWithAnother(services, folder) }] : []),
    { label: '$(tools) Rebuild Container', description: 'with the configuration as it is now', run: () => vscode.commands.executeCommand('berth.rebuild', vscode.Uri.file(folder)) },
    { label: '$(settings-gear) Settings', description: 'memory, processors, and more', run: () => vscode.commands.executeCommand('workbench.action.openSettings', '@ext:berth.berth') },
  ];
  const choice = await vscode.window.showQuickPick(choices, { title: 'Configure Container', placeHolder: `The container of “${basename(folder)}”`, matchOnDescription: true });
  await choice?.run?.();
}

async function openWithAnother({ context }: Services, folder: string): Promise<void> {
  await rememberConfiguration(context.workspaceState, folder, undefined);
  await vscode.commands.executeCommand('berth.openFolder', vscode.Uri.file(folder));
}

async function writeFirst(services: Services, folder: string): Promise<void> {
  await services.session.connect(); // It knows which images are here already.
  const chosen = await chooseImageFor(services, folder, { mayWrite: false });
  if (!chosen) return;
  await showFile(await writeConfiguration(folder, basename(folder), chosen.image));
}
