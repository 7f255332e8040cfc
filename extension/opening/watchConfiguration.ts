import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { readFolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { isMadeFrom } from '../commands/folderSpec.ts';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { configurationFileLabel } from '../windowContainer.ts';
import { folderOfConfiguration } from './configurationPaths.ts';
import { seenFrom } from './folderConfiguration.ts';

/** When the configuration of the window's container is saved and it does not fit any more, offers to rebuild it. */
export function watchConfiguration(services: Services): vscode.Disposable {
  let offered: string | undefined;
  return vscode.workspace.onDidSaveTextDocument(async ({ uri }) => {
    try {
      if (!services.window.inContainer || uri.scheme !== 'file' || folderOfConfiguration(uri.fsPath) === undefined) return;
      const file = await realpath(uri.fsPath);
      const changed = await misfit(services, file);
      if (changed === undefined || changed === offered) return;
      offered = changed;
      const folder = folderOfConfiguration(file) ?? '';
      const answer = await vscode.window.showInformationMessage(`The configuration of “${basename(folder)}” has changed since its container was made.`, 'Rebuild Container', 'Later');
      if (answer === 'Rebuild Container') await vscode.commands.executeCommand('berth.rebuild', vscode.Uri.file(folder));
      offered = undefined;
    } catch (error) {
      // What is being written need not be right yet; opening will say what is wrong.
      if (!(error instanceof BerthError)) services.log.error(describe(error));
    }
  });
}

/** The container of the window that was made from this file and does not fit what it says now. */
async function misfit({ window }: Services, file: string): Promise<string | undefined> {
  const container = window.current;
  const folder = container?.labels[workspaceLabel];
  if (!container || folder === undefined || folderOfConfiguration(file) !== folder) return undefined;
  const made = container.labels[configurationFileLabel];
  if (made !== undefined && made !== seenFrom(folder, file)) return undefined;
  return isMadeFrom(container, await readFolderConfig(folder, { file })) ? undefined : container.id;
}
