import { readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';

/** Title of our profile in package.json, by which settings name it. */
export const profileTitle = 'Container';

/** Whether the settings file is of our making. */
const madeFileKey = 'berth.madeSettingsFile';
const setKey = 'berth.setDefaultProfile';

/**
 * While the window is in the container, new terminals open there: the workspace's default profile is ours, unless the
 * user has chosen another one for this workspace. Outside, the setting is taken back as it was made.
 */
export class DefaultProfile implements vscode.Disposable {
  readonly #services: Services;
  readonly #subscriptions: readonly vscode.Disposable[];
  /** One change after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(services: Services) {
    this.#services = services;
    this.#subscriptions = [
      services.window.onDidChange(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration((event) => void (event.affectsConfiguration('berth.terminal.makeDefault') && this.#update())),
    ];
    if (services.window.inContainer) this.#update();
  }

  #update(): void {
    this.#last = this.#last.then(() => this.#apply()).catch((error: unknown) => {
      this.#services.log.warn(`The default terminal profile could not be set: ${describe(error)}`);
    });
  }

  async #apply(): Promise<void> {
    const { window, context: { workspaceState } } = this.#services;
    const wanted = window.inContainer && vscode.workspace.getConfiguration('berth.terminal').get('makeDefault', true);
    const isSet = workspaceState.get(setKey, false);
    if (wanted === isSet || (wanted && !vscode.workspace.workspaceFolders?.length)) return;
    const settings = vscode.workspace.getConfiguration('terminal.integrated');
    const name = `defaultProfile.${platformName()}`;
    const before = settings.inspect<string>(name)?.workspaceValue;
    if (wanted && before !== undefined) return; // The user's own choice, whatever it is.
    await workspaceState.update(setKey, wanted ? true : undefined);
    if (wanted) {
      await workspaceState.update(madeFileKey, (await settingsText()) === undefined ? true : undefined);
      await settings.update(name, profileTitle, vscode.ConfigurationTarget.Workspace);
    } else if (before === profileTitle) {
      await settings.update(name, undefined, vscode.ConfigurationTarget.Workspace);
      if (workspaceState.get(madeFileKey, false)) await removeEmptySettings();
      await workspaceState.update(madeFileKey, undefined);
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

/** Whether new terminals open in the container, whoever wanted that. */
export function isDefaultProfile(): boolean {
  return vscode.workspace.getConfiguration('terminal.integrated').get(`defaultProfile.${platformName()}`) === profileTitle;
}

/** As the settings of terminals name what the extension runs on. */
function platformName(): 'linux' | 'osx' | 'windows' {
  if (process.platform === 'darwin') return 'osx';
  return process.platform === 'win32' ? 'windows' : 'linux';
}

/** The file of the settings of a workspace that is one folder; undefined for others, whose file holds more. */
function settingsFile(): string | undefined {
  const [folder, ...others] = vscode.workspace.workspaceFolders ?? [];
  if (!folder || others.length > 0 || vscode.workspace.workspaceFile || folder.uri.scheme !== 'file') return undefined;
  return join(folder.uri.fsPath, '.vscode', 'settings.json');
}

async function settingsText(): Promise<string | undefined> {
  const file = settingsFile();
  return file === undefined ? '' : readFile(file, 'utf8').catch(() => undefined);
}

/** What we have made and nobody has used leaves nothing behind. */
async function removeEmptySettings(): Promise<void> {
  const file = settingsFile();
  if (file === undefined || !/^\s*\{\s*\}\s*$/.test((await settingsText()) ?? '')) return;
  await rm(file);
  await rmdir(dirname(file)).catch(() => undefined); // There may be more in it.
}
