import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { describeState, stateIcon } from './containerState.ts';
import { formatAge, formatBytes, shortImage } from './format.ts';
import { tooltipOf } from './tooltip.ts';

/** A container in the tree. Its context value is `container.<state>`, then `.window` for the one of this window, `.learns`, `.denied`. */
export class ContainerItem extends vscode.TreeItem {
  readonly container: ContainerInfo;

  constructor(container: ContainerInfo, ofThisWindow: boolean) {
    super(container.name, vscode.TreeItemCollapsibleState.Collapsed);
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

function tooltip(container: ContainerInfo): vscode.MarkdownString {
  return tooltipOf([
    ['Container', container.name],
    ['State', describeState(container)],
    ['Since', container.state === 'running' ? container.startedAt && formatAge(container.startedAt) : container.finishedAt && formatAge(container.finishedAt)],
    ['Reason', container.paused ?? container.error?.message],
    ['Image', container.image],
    ['Memory', formatBytes(container.memoryBytes)],
    ['CPUs', String(container.cpus)],
    ...(container.networks ?? []).map(({ network, address, address6 }) => ['Network', [network, address, ...(address6 ? [address6] : [])].join(' · ')] as const),
    ['Network policy', container.policy?.mode],
    ['Denied connections', container.deniedConnections ? String(container.deniedConnections) : undefined],
    ...container.mounts.map((mount) => [mount.readOnly ? 'Shared (read-only)' : 'Shared', `${mount.source} → ${mount.target}`] as const),
    ['Id', container.id.slice(0, 12)],
  ]);
}
