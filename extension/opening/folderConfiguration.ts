import { join, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { readFolderConfig, readFolderConfigs, type FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { ContainerInfo, ImageInfo } from '../../runtime-host/protocol/types.ts';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import type { Services } from '../context.ts';
import { configurationFileLabel } from '../windowContainer.ts';

/** For each folder the configuration that was chosen of several, seen from it. */
const chosenKey = 'berth.configurations';

/** One of a folder's configurations; without a file, none. */
export interface ChosenConfiguration {
  readonly file?: string;
}

/**
 * The configuration to use of a folder: the one that the user has pointed at, the only one, or the one that was chosen before; else the user chooses.
 * @returns undefined when the user did not
 * @throws BerthError DevContainerInvalid when the folder cannot be looked into
 */
export async function chooseConfiguration({ context: { workspaceState } }: Services, folder: string, pointedAt?: string): Promise<ChosenConfiguration | undefined> {
  if (pointedAt !== undefined) {
    await rememberConfiguration(workspaceState, folder, pointedAt);
    return { file: pointedAt };
  }
  const found = await readFolderConfigs(folder);
  const [only] = found;
  if (!only) return {};
  if (found.length === 1) return { file: only.file };
  const before = remembered(workspaceState)[folder];
  const again = found.find(({ relativePath }) => relativePath === before);
  if (again) return { file: again.file };
  const items = found.map(({ file, relativePath, name }) => ({ label: `$(json) ${name ?? relativePath}`, description: name === undefined ? '' : relativePath, file }));
  const chosen = await vscode.window.showQuickPick(items, { title: 'Open Folder in Container', placeHolder: 'This folder has several configurations. Which one?', matchOnDescription: true, ignoreFocusOut: true });
  if (!chosen) return undefined;
  await rememberConfiguration(workspaceState, folder, chosen.file);
  return { file: chosen.file };
}

/** With no file, the user is asked again next time. */
export async function rememberConfiguration(memory: vscode.Memento, folder: string, file: string | undefined): Promise<void> {
  const others = Object.entries(remembered(memory)).filter(([other]) => other !== folder).slice(-20);
  await memory.update(chosenKey, Object.fromEntries([...others, ...(file === undefined ? [] : [[folder, seenFrom(folder, file)]])]));
}

function remembered(memory: vscode.Memento): Readonly<Record<string, string>> {
  return memory.get<Readonly<Record<string, string>>>(chosenKey, {});
}

/** A path in a folder as it is remembered, also when the folder moves. */
export function seenFrom(folder: string, file: string): string {
  return relative(folder, file).split(sep).join('/');
}

/**
 * The configuration that a container was made from, as it is now, with what its image adds; undefined for a container
 * that belongs to no folder.
 * @throws BerthError DevContainerInvalid
 */
export async function containerConfig({ session }: Pick<Services, 'session'>, container: ContainerInfo): Promise<FolderConfig | undefined> {
  const folder = container.labels[workspaceLabel];
  if (folder === undefined) return undefined;
  const path = container.labels[configurationFileLabel];
  const image = imageOf(session.images, container);
  return readFolderConfig(folder, { ...(path !== undefined && { file: join(folder, path) }), ...(image && { image }) });
}

/** What a container was made from, while that is still here. */
function imageOf(images: readonly ImageInfo[], { image, manifestDigest }: ContainerInfo): ImageInfo | undefined {
  const same = images.filter((one) => one.manifestDigest === manifestDigest);
  return same.find(({ reference }) => reference === image) ?? same[0];
}
