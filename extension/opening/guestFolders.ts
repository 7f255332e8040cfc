import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import type { FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import { isGuestFolder } from '../../runtime-host/devcontainer/guestFolders.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { uriOf } from '../windowContainer.ts';
import type { OpeningSteps } from './openingSteps.ts';

/**
 * Where the folders appear in the container that live on its own disk: those of the configuration and of the setting.
 * @throws BerthError InvalidArgument when the setting cannot be meant
 */
export function guestFolderTargets(folder: string, config: FolderConfig): string[] {
  const ofSetting = vscode.workspace.getConfiguration('berth', uriOf(folder)).get<readonly string[]>('guestFolders', []);
  const wrong = ofSetting.find((name) => !isGuestFolder(name));
  if (wrong !== undefined) throw new BerthError('InvalidArgument', `The setting “berth.guestFolders” has “${wrong}”, which is not a folder inside the workspace. Write it as in node_modules or packages/web/node_modules.`);
  return [...new Set([...config.guestFolders, ...ofSetting])].map((name) => posix.join(config.workspaceMount.target, name));
}

/** Gives the folders, which are root’s when they are made, to the user whose programs write there. */
export async function giveGuestFolders(client: BerthClient, container: ContainerInfo, config: FolderConfig, targets: readonly string[], steps: OpeningSteps): Promise<void> {
  const user = config.remoteUser ?? config.containerUser ?? container.user;
  if (targets.length === 0 || ['', 'root', '0'].includes(user)) return;
  const stream = await client.containers.exec(container.id, { command: ['chown', '--', user, ...targets], user: '0', env: [] }, { signal: steps.signal });
  stream.stdout.resume();
  let complaint = '';
  stream.stderr.on('data', (chunk: Buffer) => { complaint += chunk.toString(); });
  const { exitCode } = await stream.status;
  if (exitCode !== 0) throw new BerthError('GuestFailed', `${targets.join(', ')} could not be given to the user “${user}” of the container: ${complaint.trim() || `chown ended with ${exitCode}`}.`);
}
