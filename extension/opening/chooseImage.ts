import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { askForReference } from '../commands/images.ts';
import type { Services } from '../context.ts';
import { uriOf } from '../windowContainer.ts';
import { suggestImages } from './suggestImages.ts';

const title = 'Open Folder in Container';

interface ImageItem extends vscode.QuickPickItem {
  readonly reference?: string;
}

export interface ChosenImage {
  readonly image: string;
  /** The user wants it written into a configuration of the folder's own. */
  readonly write: boolean;
}

/**
 * The image for a folder without a configuration: what the setting says, else the user's choice among those that suit
 * what the folder holds, those that are here already, and any other.
 */
export async function chooseImageFor({ session }: Services, folder: string, options: { readonly mayWrite: boolean }): Promise<ChosenImage | undefined> {
  const preset = vscode.workspace.getConfiguration('berth', uriOf(folder)).get<string>('defaultImage', '').trim();
  if (preset) return { image: preset, write: false };
  const image = await pickImage(await itemsFor(session.images.map(({ reference }) => reference), folder), `Which image for “${basename(folder)}”?`, '');
  if (image === undefined) return undefined;
  if (!options.mayWrite) return { image, write: false };
  const write = await askToWrite(image);
  return write === undefined ? undefined : { image, write };
}

/** An image instead of one that could not be used. */
export async function chooseOtherImage({ session }: Services, value: string): Promise<string | undefined> {
  if (session.images.length === 0) return askForReference({ title: `${title}: Image`, value });
  return pickImage([...localItems(session.images.map(({ reference }) => reference)), ...otherItems()], 'Which image instead?', value);
}

async function pickImage(items: readonly ImageItem[], placeHolder: string, value: string): Promise<string | undefined> {
  const choice = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true });
  if (!choice) return undefined;
  return choice.reference ?? askForReference({ title: `${title}: Image`, value });
}

async function itemsFor(local: readonly string[], folder: string): Promise<ImageItem[]> {
  // A folder that cannot be listed is of no known kind; whatever is wrong with it will be said when it is shared.
  const names = await readdir(folder).catch(() => []);
  const suggestions = suggestImages(names.sort()).map(({ image, description, because }) => {
    const here = local.find((reference) => isSame(reference, image));
    const why = [description, ...(because === undefined ? [] : [`for ${because}`]), ...(here === undefined ? [] : ['here already'])].join(' · ');
    return { special: because !== undefined, item: { label: `$(package) ${image}`, description: why, reference: here ?? image } };
  });
  const special = suggestions.flatMap(({ special: suits, item }) => (suits ? [item] : []));
  const plain = suggestions.flatMap(({ special: suits, item }) => (suits ? [] : [item]));
  const others = local.filter((reference) => !suggestions.some(({ item }) => item.reference === reference));
  return [...section('For what this folder holds', special), ...localItems(others), ...section('For any folder', plain), ...otherItems()];
}

function localItems(references: readonly string[]): ImageItem[] {
  return section('Here already', references.map((reference) => ({ label: `$(package) ${reference}`, reference })));
}

function otherItems(): ImageItem[] {
  return section('Other', [{ label: '$(edit) Enter a name…', description: 'any image of any registry', alwaysShow: true }]);
}

function section(label: string, items: readonly ImageItem[]): ImageItem[] {
  return items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
}

/** Images of the usual registry are listed by their full names. */
function isSame(reference: string, image: string): boolean {
  return reference === image || reference === `docker.io/${image}` || reference === `docker.io/library/${image}`;
}

async function askToWrite(image: string): Promise<boolean | undefined> {
  const yes = { label: '$(new-file) Write .devcontainer/devcontainer.json', detail: `It names ${image}, for everybody who opens this folder, and can say more later.` };
  const no = { label: '$(vm) Just open the folder', detail: 'Nothing is written. The container keeps its image until it is removed.' };
  const answer = await vscode.window.showQuickPick([yes, no], { title, placeHolder: 'Write .devcontainer/devcontainer.json?', ignoreFocusOut: true });
  return answer && answer === yes;
}
