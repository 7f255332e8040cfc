import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import type { Grant, GrantDecision } from '../../runtime-host/protocol/grants.ts';
import type { ContainerInfo, Mount } from '../../runtime-host/protocol/types.ts';
import { freeTarget } from '../access/decisions.ts';
import { forceProtected } from '../access/forceProtected.ts';
import type { Services } from '../context.ts';
import { GrantItem } from '../views/grantItems.ts';
import { workspaceLabel } from '../windowContainer.ts';
import { pickContainer } from './pick.ts';
import { forEach, itemsOf, pickOne } from './selection.ts';

interface Access {
  readonly readOnly: boolean;
  readonly decision: GrantDecision;
}

const accesses: readonly (vscode.QuickPickItem & { readonly thing: Access })[] = [
  { label: '$(lock) Read Only, Always for the Workspace', thing: { readOnly: true, decision: 'always' } },
  { label: '$(edit) Read and Write, Always for the Workspace', thing: { readOnly: false, decision: 'always' } },
  { label: '$(lock) Read Only, Once', description: 'until the container stops', thing: { readOnly: true, decision: 'once' } },
  { label: '$(edit) Read and Write, Once', description: 'until the container stops', thing: { readOnly: false, decision: 'once' } },
];

/** What can be done with decisions about directories. Each takes tree items, or nothing: then the user chooses. */
export class GrantCommands {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Gives a container a directory of this machine; one that runs has it at once. */
  async share(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Share a directory with which container?', states: ['running', 'stopped', 'created'], none: 'There is no container yet. Open a folder in one first.',
    });
    if (!container) return;
    const [picked] = (await vscode.window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, canSelectMany: false, title: `Share a Directory with ${container.name}`, openLabel: 'Share' })) ?? [];
    if (!picked) return;
    const workspace = container.labels[workspaceLabel];
    const access = await askForAccess(`How may ${container.name} use ${picked.fsPath}?`, workspace !== undefined);
    const target = access && (await askForTarget(container, picked.fsPath));
    if (!access || target === undefined) return;
    const client = await this.#services.session.connect();
    const [mount] = (await forceProtected(client, [{ source: picked.fsPath, target, readOnly: access.readOnly }])) ?? [];
    if (mount) await share(client, container, mount, workspace === undefined ? undefined : { workspace, decision: access.decision });
  }

  async revoke(argument: unknown, selected: unknown): Promise<void> {
    const client = await this.#services.session.connectFully();
    const grants = itemsOf(GrantItem, ({ grant }) => grant, argument, selected) ?? [await this.#pick(argument, 'Revoke which access?')];
    await forEach(grants.filter((grant) => grant !== undefined), ({ id }) => client.grants.revoke(id));
  }

  /** Takes effect at once where it takes something away; what is allowed now comes when the folder is opened the next time. */
  async change(argument: unknown): Promise<void> {
    const client = await this.#services.session.connectFully();
    const grant = await this.#pick(argument, 'Change which access?');
    if (!grant) return;
    const { workspace, path, purpose } = grant;
    const choices = [...accesses, { label: '$(circle-slash) Deny', thing: { readOnly: grant.readOnly, decision: 'deny' as const } }];
    const access = await pickOne(choices, `How may the containers of “${basename(workspace)}” use ${path}?`, '');
    if (!access) return;
    const changed = await client.grants.decide({ workspace, path, ...access, ...(purpose !== undefined && { purpose }) });
    if (changed.decision === 'deny' || changed.containers.length > 0) return;
    const open = 'Open Folder in Container';
    const isHere = this.#services.window.current?.labels[workspaceLabel] === workspace;
    const answer = await vscode.window.showInformationMessage(`A container of “${basename(workspace)}” gets ${path} when the folder is opened in it the next time.`, ...(isHere ? [open] : []));
    if (answer === open) await vscode.commands.executeCommand('berth.openFolder');
  }

  async #pick(argument: unknown, placeHolder: string): Promise<Grant | undefined> {
    if (argument instanceof GrantItem) return argument.grant;
    await this.#services.session.connectFully();
    const choices = this.#services.session.grants.map((grant) => ({ label: `$(folder) ${grant.path}`, description: `${basename(grant.workspace)} · ${grant.decision === 'deny' ? 'denied' : grant.decision}`, thing: grant }));
    return pickOne(choices, placeHolder, 'Nothing has been decided about a directory yet.');
  }
}

/** Only what belongs to a workspace is remembered for one. */
async function askForAccess(placeHolder: string, isOfWorkspace: boolean): Promise<Access | undefined> {
  const ofContainer = [{ label: '$(lock) Read Only', thing: accesses[0]!.thing }, { label: '$(edit) Read and Write', thing: accesses[1]!.thing }];
  return pickOne(isOfWorkspace ? accesses : ofContainer, placeHolder, '');
}

async function askForTarget({ name, mounts, volumes = [] }: ContainerInfo, source: string): Promise<string | undefined> {
  const taken = new Set([...mounts, ...volumes].map(({ target }) => target));
  return vscode.window.showInputBox({
    title: `Share ${source}`, prompt: `Its place in ${name}`, value: freeTarget(basename(source), taken),
    validateInput: (text) => (!/^\/[^/]/.test(text) ? 'Write an absolute path, such as /mnt/data.' : taken.has(text) ? 'Something else is there already.' : undefined),
  });
}

/** What could not be shared is not allowed either, unless it was before. */
async function share(client: BerthClient, container: ContainerInfo, mount: Mount, grant: { readonly workspace: string; readonly decision: GrantDecision } | undefined): Promise<void> {
  const { source: path, readOnly } = mount;
  const known = new Set((await client.grants.list()).map(({ id }) => id));
  const decided = grant && (await client.grants.decide({ ...grant, path, readOnly }));
  try {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `Sharing ${path} with ${container.name}` }, () => client.containers.share(container.id, mount));
  } catch (error) {
    if (decided && !known.has(decided.id)) await client.grants.revoke(decided.id);
    throw error;
  }
  vscode.window.setStatusBarMessage(`$(check) ${path} is at ${mount.target} in ${container.name}`, 5000);
}
