import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { askForReference } from './images.ts';

const title = 'Open Folder in Container: Image';

/**
 * The image for a folder: with `folder`, whose configuration names none, the setting if there is one; else the user's
 * choice among the local ones or any other, `instead` of one that could not be used.
 */
export async function chooseImage({ session }: Services, options: { readonly folder: string } | { readonly instead: string }): Promise<string | undefined> {
  const preset = 'folder' in options ? vscode.workspace.getConfiguration('berth', vscode.Uri.file(options.folder)).get<string>('defaultImage', '').trim() : '';
  if (preset) return preset;
  const [value, placeHolder] = 'instead' in options ? [options.instead, 'Which image instead?'] : ['', 'This folder names no image. Which one?'];
  if (session.images.length === 0) return askForReference({ title, value });
  const other = { label: '$(edit) Another image…', description: 'type its name' };
  const local = session.images.map((image) => ({ label: `$(package) ${image.reference}`, reference: image.reference }));
  const choice = await vscode.window.showQuickPick([...local, other], { title, placeHolder });
  if (!choice) return undefined;
  return 'reference' in choice ? choice.reference : askForReference({ title, value });
}
