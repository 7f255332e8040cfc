import * as vscode from 'vscode';
import { defaultNetwork, type NetworkInfo } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { formatAge } from './format.ts';
import type { Branch } from './listTree.ts';
import { MemberItem } from './memberItem.ts';
import { tooltipOf } from './tooltip.ts';

/** A network in the tree; in it, its containers. Its context value is `network.default`, `network.used` or `network.unused`. */
export class NetworkItem extends vscode.TreeItem implements Branch {
  readonly network: NetworkInfo;
  readonly #members: readonly ContainerInfo[];

  constructor(network: NetworkInfo, containers: readonly ContainerInfo[]) {
    const members = containers.filter((container) => container.networks?.some((joined) => joined.network === network.name));
    super(network.name, members.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    this.network = network;
    this.#members = members;
    this.id = network.name;
    const use = members.length === 0 ? 'no container' : members.length === 1 ? '1 container' : `${members.length} containers`;
    this.description = `${network.subnet} · ${use}`;
    this.contextValue = network.name === defaultNetwork ? 'network.default' : members.length > 0 ? 'network.used' : 'network.unused';
    this.iconPath = new vscode.ThemeIcon('type-hierarchy');
    this.tooltip = tooltipOf([
      ['Network', network.name],
      ['IPv4', `${network.subnet}, gateway ${network.gateway}`],
      ['IPv6', network.subnet6 === undefined ? undefined : `${network.subnet6}, gateway ${network.gateway6 ?? ''}`],
      ['This machine', [network.hostAddress, network.hostAddress6].filter(Boolean).join(' · ')],
      ['Made', formatAge(network.createdAt)],
    ]);
    this.accessibilityInformation = { label: `Network ${network.name}, ${network.subnet}, ${use}` };
  }

  children(): vscode.TreeItem[] {
    return this.#members.map((container) => {
      const [joined] = (container.networks ?? []).filter(({ network }) => network === this.network.name);
      return new MemberItem(this.network.name, container, [joined?.address, joined?.address6].filter(Boolean).join(' · '));
    });
  }
}
