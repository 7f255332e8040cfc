import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { askForReference } from './images.ts';

/**
 * The image for a folder whose configuration names none: the setting, else the user's choice among the local ones or
 * any other. With `always` the user is asked in any case.
 */
export async function chooseImage({ session }: Services, options: { always?: boolean } = {}): Promise<string | undefined> {
  const preset = vscode.workspace.getConfiguration('berth').get<string>('defaultImage', '').trim();
  if (preset && !options.always) return preset;
  if (session.images.length === 0) return askForReference({ title: 'Open Folder in Container: Image', value: preset });
  const other = { label: '$(edit) Another image…', description: 'type its name' };
  const local = session.images.map((image) => ({ label: `$(package) ${image.reference}`, reference: image.reference }));
  const choice = await vscode.window.showQuickPick([...local, other], { title: 'Open Folder in Container: Image', placeHolder: 'This folder names no image. Which one?' });
  if (!choice) return undefined;
  return 'reference' in choice ? choice.reference : askForReference({ title: 'Open Folder in Container: Image', value: preset });
}
