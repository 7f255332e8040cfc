import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { ensureStarted } from '../host/ensureStarted.ts';
import { realPathOf } from '../windowContainer.ts';
import { PathMapping } from './pathMapping.ts';

/** A running container with the paths that this window's folders have in it. */
export interface FolderContainer {
  readonly container: ContainerInfo;
  readonly mapping: PathMapping;
}

/**
 * The container of a folder, or the window's when no folder is meant; it is started when it does not run.
 * @throws BerthError ContainerNotFound when there is none, InvalidArgument in an untrusted window, and what starting throws
 */
export async function folderContainer(services: Services, folder?: vscode.Uri): Promise<FolderContainer> {
  if (!vscode.workspace.isTrusted) throw new BerthError('InvalidArgument', 'Containers can be started only for folders that you trust.');
  await services.session.connect();
  const realPath = folder && realPathOf(folder);
  const container = realPath === undefined ? services.window.current : services.window.forFolder(realPath);
  if (!container) throw new BerthError('ContainerNotFound', 'This folder has no container yet. Run “Berth: Open Folder in Container” first.');
  return { container: await ensureStarted(services, container), mapping: windowMapping(container) };
}

/** The container's paths, with this machine's as the window has them. */
export function windowMapping(container: ContainerInfo): PathMapping {
  const known = (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => {
    const realPath = realPathOf(uri);
    return realPath === undefined ? [] : [{ path: uri.fsPath, realPath }];
  });
  return PathMapping.of(container, known);
}
