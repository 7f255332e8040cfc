import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import type { GrantDecision } from '../../runtime-host/protocol/grants.ts';
import type { ContainerInfo, Mount } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { describe, isCancellation } from '../errors.ts';
import { isInside, missingMounts, verdictOn } from './decisions.ts';
import { forceProtected } from './forceProtected.ts';

const allowedKey = 'berth.allowedGrants';

const answers: Readonly<Record<string, GrantDecision>> = { 'Allow Once': 'once', 'Always for this Workspace': 'always', Deny: 'deny' };

/**
 * A configuration file comes with a folder, so it may ask for more of this machine but not take it: the user decides
 * about each further directory, by its real path, as a link in the folder may lead anywhere. Decisions are kept by the
 * host and hold for every window. `words` are what it asks for beside directories.
 * @param purposes what a directory is for, by its place in the container
 * @returns the mounts that are allowed, by their real paths; undefined when the user wants nothing to be opened
 */
export async function allowMounts(services: Services, folder: string, mounts: readonly Mount[], words: readonly string[], purposes: Readonly<Record<string, string>> = {}): Promise<readonly Mount[] | undefined> {
  if (!(await allowWords(services, folder, words))) return undefined;
  if (mounts.length === 0) return mounts;
  const client = await services.session.connect();
  const allowed: Mount[] = [];
  const denied: Mount[] = [];
  for (const mount of mounts) {
    const resolved = { ...mount, source: await realPath(mount.source) };
    const verdict = verdictOn(folder, resolved, await client.grants.list());
    const isAllowed = verdict === 'ask' ? await ask(client, folder, resolved, purposes[mount.target]) : verdict === 'allowed';
    if (isAllowed === undefined) return undefined;
    (isAllowed ? allowed : denied).push({ ...resolved, ...(!isInside(folder, resolved.source) && { revocable: true }) });
  }
  if (denied.length > 0) tellDenied(services, folder, denied);
  return allowed;
}

/** What the user allows now, a container that was made earlier may not have; it gets it, at once if it runs. */
export async function shareMissing(client: BerthClient, container: ContainerInfo, mounts: readonly Mount[]): Promise<ContainerInfo> {
  let current = container;
  for (const mount of (await forceProtected(client, missingMounts(mounts, container.mounts))) ?? []) current = await client.containers.share(container.id, mount);
  return current;
}

/** Undefined when the user has decided nothing. */
async function ask(client: BerthClient, workspace: string, { source, target, readOnly }: Mount, purpose: string | undefined): Promise<boolean | undefined> {
  const answer = await vscode.window.showWarningMessage(
    `Allow “${basename(workspace)}” to ${readOnly ? 'read' : 'read and write'} ${source}?`,
    { modal: true, detail: [
      `The folder’s configuration asks for this directory of your machine, ${readOnly ? 'read only' : 'read and write'}, at ${target} in the container.`,
      purpose === undefined ? 'It does not say what for.' : `What for: ${purpose}`,
      'What you allow can be revoked in the Grants view at any time.',
    ].join('\n\n') },
    ...Object.keys(answers),
  );
  const decision = answer === undefined ? undefined : answers[answer];
  if (decision === undefined) return undefined;
  await client.grants.decide({ workspace, path: source, readOnly, decision, ...(purpose !== undefined && { purpose }) });
  return decision !== 'deny';
}

/** About what is no directory, such as sockets, the user decides once about each set, in this window. */
async function allowWords({ context }: Services, folder: string, words: readonly string[]): Promise<boolean> {
  const request = JSON.stringify([folder, words]);
  if (words.length === 0 || context.workspaceState.get(allowedKey) === request) return true;
  const answer = await vscode.window.showWarningMessage(
    'This folder’s configuration asks for access to more of this machine.',
    { modal: true, detail: `${words.join('\n')}\n\nThe container gets nothing else of this machine beside the folder itself.` },
    'Allow',
  );
  if (answer !== 'Allow') return false;
  await context.workspaceState.update(allowedKey, request);
  return true;
}

function tellDenied({ log, setupLog }: Services, folder: string, denied: readonly Mount[]): void {
  const text = `“${basename(folder)}” is opened without ${denied.map(({ source }) => source).join(', ')}, which you have denied.`;
  setupLog.step(text);
  const show = 'Show Grants';
  vscode.window.showInformationMessage(text, show).then(
    (answer) => { if (answer === show) void vscode.commands.executeCommand('berth.grants.focus'); },
    (error: unknown) => { if (!isCancellation(error)) log.error(describe(error)); },
  );
}

/** What cannot be reached stays as it is written; the host says what is wrong with it. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
