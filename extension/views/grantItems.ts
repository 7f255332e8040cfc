import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Grant, GrantDecision } from '../../runtime-host/protocol/grants.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { formatAge } from './format.ts';
import type { Branch } from './listTree.ts';
import { tooltipOf } from './tooltip.ts';

const appearance: Readonly<Record<GrantDecision, { readonly icon: string; readonly color: string; readonly word: string; readonly explanation: string }>> = {
  always: { icon: 'pass', color: 'testing.iconPassed', word: 'always', explanation: 'Allowed until it is revoked' },
  once: { icon: 'clock', color: 'testing.iconPassed', word: 'once', explanation: 'Allowed until the container stops' },
  deny: { icon: 'circle-slash', color: 'testing.iconFailed', word: 'denied', explanation: 'Denied; it is not asked again' },
};

/** A workspace that directories were asked for, with what was decided about each. */
export class GrantWorkspaceItem extends vscode.TreeItem implements Branch {
  readonly #grants: readonly Grant[];
  readonly #containers: readonly ContainerInfo[];

  constructor(workspace: string, grants: readonly Grant[], containers: readonly ContainerInfo[]) {
    super(basename(workspace) || workspace, vscode.TreeItemCollapsibleState.Expanded);
    this.#grants = grants;
    this.#containers = containers;
    this.id = workspace;
    this.description = dirname(workspace);
    this.contextValue = 'grantWorkspace';
    this.iconPath = new vscode.ThemeIcon('root-folder');
    this.tooltip = workspace;
    this.accessibilityInformation = { label: `Workspace ${workspace}, ${grants.length === 1 ? '1 directory' : `${grants.length} directories`}` };
  }

  children(): vscode.TreeItem[] {
    return this.#grants.map((grant) => new GrantItem(grant, this.#containers));
  }
}

/** What was decided about a directory. Its context value is `grant.always`, `grant.once` or `grant.deny`. */
export class GrantItem extends vscode.TreeItem {
  readonly grant: Grant;

  constructor(grant: Grant, containers: readonly ContainerInfo[]) {
    super(grant.path, vscode.TreeItemCollapsibleState.None);
    this.grant = grant;
    const { icon, color, word, explanation } = appearance[grant.decision];
    const access = grant.readOnly ? 'read only' : 'read and write';
    const where = containers.filter(({ id }) => grant.containers.includes(id));
    const inUse = where.map((container) => `${container.name}:${targetOf(container, grant.path)}${container.state === 'running' ? '' : ` (${container.state})`}`);
    this.id = grant.id;
    this.description = [word, ...(grant.decision === 'deny' ? [] : [access]), ...inUse].join(' · ');
    this.contextValue = `grant.${grant.decision}`;
    this.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
    this.tooltip = tooltipOf([
      ['Directory', grant.path], ['For the workspace', grant.workspace], ['Decision', `${explanation}.`], ['Access', grant.decision === 'deny' ? undefined : access],
      ['What for', grant.purpose], ['In', inUse.length > 0 ? inUse.join(', ') : 'no container'], ['Decided', formatAge(grant.decidedAt)],
    ]);
    this.accessibilityInformation = { label: `Directory ${grant.path}, ${word}${grant.decision === 'deny' ? '' : `, ${access}`}${inUse.length > 0 ? `, in ${inUse.join(', ')}` : ''}` };
  }
}

/** Workspaces by their names, each with what was decided about directories for it. */
export function grantRoots(grants: readonly Grant[], containers: readonly ContainerInfo[]): GrantWorkspaceItem[] {
  const byWorkspace = Map.groupBy(grants, ({ workspace }) => workspace);
  return [...byWorkspace].sort(([one], [other]) => one.localeCompare(other)).map(([workspace, ofWorkspace]) => new GrantWorkspaceItem(workspace, ofWorkspace, containers));
}

function targetOf(container: ContainerInfo, path: string): string {
  return container.mounts.find(({ source }) => source === path)?.target ?? '';
}
