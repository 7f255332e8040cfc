import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { uriOf } from '../windowContainer.ts';
import { idOf, missingCustomizations, type Customizations } from './customizations.ts';
import type { OpenedFolder } from './openedFolder.ts';

/** What the user has been offered already, each by a hash of folder, kind and wishes. */
const offeredKey = 'berth.customizationsOffered';

/**
 * Offers the extensions and the settings that a configuration, or its image, wishes for the editor: each wish once, and
 * nothing happens without the user's consent. Does not wait for the user; never rejects.
 */
export async function offerCustomizations(services: Services, { folder, config }: OpenedFolder): Promise<void> {
  try {
    const settings = vscode.workspace.getConfiguration(undefined, uriOf(folder));
    const missing = missingCustomizations(config.vscode, (id) => vscode.extensions.getExtension(id) !== undefined, (name) => settings.get(name));
    await Promise.all([offerExtensions(services, folder, missing), offerSettings(services, folder, missing)]);
  } catch (error) {
    services.log.error(`What the configuration wishes for the editor could not be done: ${describe(error)}`);
  }
}

async function offerExtensions({ context, setupLog }: Services, folder: string, { extensions }: Customizations): Promise<void> {
  if (extensions.length === 0 || !(await isNew(context.workspaceState, [folder, 'extensions', ...extensions]))) return;
  const what = extensions.length === 1 ? 'the extension' : `${extensions.length} extensions:`;
  const answer = await vscode.window.showInformationMessage(`“${basename(folder)}” asks for ${what} ${listed(extensions)}.`, 'Install', 'Show Extensions');
  if (answer === 'Show Extensions') {
    await vscode.commands.executeCommand('workbench.extensions.search', extensions.map((id) => `@id:${idOf(id)}`).join(' '));
    return;
  }
  if (answer !== 'Install') return;
  const failed: string[] = [];
  for (const id of extensions) {
    setupLog.step(`Installing the extension ${id}…`);
    await vscode.commands.executeCommand('workbench.extensions.installExtension', id).then(undefined, (error: unknown) => {
      setupLog.fail(`${id}: ${error instanceof Error ? error.message : String(error)}`);
      failed.push(id);
    });
  }
  if (failed.length > 0) void vscode.window.showWarningMessage(`Not installed: ${listed(failed)}. [Show log](command:berth.openLog)`);
}

async function offerSettings({ context, setupLog }: Services, folder: string, { settings }: Customizations): Promise<void> {
  const names = Object.keys(settings);
  if (names.length === 0 || !(await isNew(context.workspaceState, [folder, 'settings', JSON.stringify(settings)]))) return;
  const what = names.length === 1 ? 'the setting' : `${names.length} settings:`;
  const write = 'Write to Workspace Settings';
  const answer = await vscode.window.showInformationMessage(`“${basename(folder)}” asks for ${what} ${listed(names)}.`, write, 'Show');
  if (answer === 'Show') {
    const content = JSON.stringify(settings, undefined, 2);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'json', content }));
    return;
  }
  if (answer !== write) return;
  const configuration = vscode.workspace.getConfiguration();
  const failed: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    await configuration.update(name, value, vscode.ConfigurationTarget.Workspace).then(undefined, (error: unknown) => {
      setupLog.fail(`The setting ${name} was not written: ${error instanceof Error ? error.message : String(error)}`);
      failed.push(name);
    });
  }
  if (failed.length > 0) void vscode.window.showWarningMessage(`Not written: ${listed(failed)}. An extension that is not there may have to bring them. [Show log](command:berth.openLog)`);
}

/** As many as one reads in a notification. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

async function isNew(memory: vscode.Memento, wishes: readonly string[]): Promise<boolean> {
  const hash = createHash('sha256').update(JSON.stringify(wishes)).digest('hex').slice(0, 16);
  const offered = memory.get<readonly string[]>(offeredKey, []);
  if (offered.includes(hash)) return false;
  await memory.update(offeredKey, [...offered.slice(-50), hash]);
  return true;
}
