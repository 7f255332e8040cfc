import * as vscode from 'vscode';
import type { ContainerInfo, ContainerState, Mount } from '../../runtime-host/protocol/types.ts';
import { formatBytes } from './format.ts';

/** What a state looks like: codicon and theme colour. */
const appearance: Readonly<Record<ContainerState, { readonly icon: string; readonly color?: string; readonly word: string }>> = {
  created: { icon: 'vm-outline', color: 'icon.foreground', word: 'created' },
  starting: { icon: 'loading~spin', word: 'starting' },
  running: { icon: 'vm-running', color: 'charts.green', word: 'running' },
  stopping: { icon: 'loading~spin', word: 'stopping' },
  stopped: { icon: 'vm-outline', color: 'icon.foreground', word: 'stopped' },
};

/** A container in the tree. Its context value is `container.<state>`, then `.window` for the one of this window, `.learns`, `.denied`. */
export class ContainerItem extends vscode.TreeItem {
  readonly container: ContainerInfo;

  constructor(container: ContainerInfo, ofThisWindow: boolean) {
    super(container.name, container.mounts.length > 0 || hasPorts(container) ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    this.container = container;
    this.id = container.id;
    const state = describeState(container);
    const denied = container.deniedConnections ? [`${container.deniedConnections} denied`] : [];
    const addresses = container.state === 'running' ? (container.networks ?? []).map(({ address }) => address) : [];
    this.description = [state, ...denied, ...(ofThisWindow ? ['this window'] : []), shortImage(container.image), ...addresses].join(' · ');
    this.contextValue = `container.${container.restarting ? 'restarting' : container.state}${ofThisWindow ? '.window' : ''}${container.policy?.mode === 'learn' ? '.learns' : ''}${denied.length > 0 ? '.denied' : ''}`;
    this.iconPath = stateIcon(container);
    this.tooltip = tooltip(container);
    this.accessibilityInformation = { label: `${container.name}, ${ofThisWindow ? 'the container of this window, ' : ''}${state}, image ${container.image}${addresses.map((address) => `, address ${address}`).join('')}${denied.map((text) => `, ${text} connections`).join('')}` };
  }
}

/** A folder of the host that a container sees. */
export class MountItem extends vscode.TreeItem {
  constructor(container: ContainerInfo, mount: Mount) {
    super(mount.target, vscode.TreeItemCollapsibleState.None);
    const access = mount.readOnly ? 'read-only' : 'read and write';
    this.id = `${container.id}:${mount.target}`;
    this.description = `${mount.source} (${access})`;
    this.contextValue = 'mount';
    this.iconPath = new vscode.ThemeIcon(mount.readOnly ? 'lock' : 'folder');
    this.tooltip = `${mount.target} in the container is ${mount.source} here, ${access}.`;
    this.accessibilityInformation = { label: `Shared folder ${mount.source}, at ${mount.target}, ${access}` };
  }
}

/** Whether there is a Ports section: only what runs has ports. */
export function hasPorts(container: ContainerInfo): boolean {
  return container.state === 'running';
}

/** “running”, “paused”, “stopped”, “exited with code 3”, “ran out of memory”, “failed”. */
export function describeState(container: ContainerInfo): string {
  if (container.paused !== undefined) return 'paused';
  if (container.state === 'running' && container.health) return container.health.status === 'starting' ? 'running, not checked yet' : container.health.status;
  if (container.state !== 'stopped') return appearance[container.state].word;
  if (container.restarting) return 'restarting';
  if (container.error) return 'failed';
  if (container.oomKilled) return 'ran out of memory';
  return container.exitCode ? `exited with code ${container.exitCode}` : 'stopped';
}

/** The last part of a long reference: `registry.example/team/app:1` is `app:1`. */
export function shortImage(reference: string): string {
  const [withoutDigest = reference] = reference.split('@');
  return withoutDigest.slice(withoutDigest.lastIndexOf('/') + 1);
}

function stateIcon(container: ContainerInfo): vscode.ThemeIcon {
  if (container.restarting) return new vscode.ThemeIcon('loading~spin');
  if (container.paused !== undefined) return new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('list.warningForeground'));
  if (container.state === 'stopped' && container.error) return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  const { icon, color } = appearance[container.state];
  return new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
}

function tooltip(container: ContainerInfo): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const line = (label: string, value: string): void => {
    text.appendMarkdown(`**${label}:** `).appendText(value).appendMarkdown('  \n');
  };
  line('Container', container.name);
  line('State', describeState(container));
  const reason = container.paused ?? container.error?.message;
  if (reason !== undefined) line('Reason', reason);
  line('Image', container.image);
  line('Memory', formatBytes(container.memoryBytes));
  line('CPUs', String(container.cpus));
  for (const { network, address, address6 } of container.networks ?? []) line('Network', [network, address, ...(address6 ? [address6] : [])].join(' · '));
  if (container.policy) line('Network policy', container.policy.mode);
  if (container.deniedConnections) line('Denied connections', String(container.deniedConnections));
  for (const mount of container.mounts) line(mount.readOnly ? 'Shared (read-only)' : 'Shared', `${mount.source} → ${mount.target}`);
  line('Id', container.id.slice(0, 12));
  return text;
}
