import * as vscode from 'vscode';
import type { ContainerInfo, Mount } from '../../runtime-host/protocol/types.ts';
import type { ContainerVolume } from '../../runtime-host/protocol/volumes.ts';
import { shortImage } from './format.ts';
import { SectionItem } from './sectionItem.ts';
import { tooltipOf } from './tooltip.ts';

/** A line about a container that can be copied, such as an address. */
export class FactItem extends vscode.TreeItem {
  readonly text: string;

  constructor(container: ContainerInfo, fact: { readonly kind: 'image' | 'address'; readonly text: string; readonly label?: string; readonly description: string; readonly icon: string; readonly tooltip: vscode.MarkdownString }) {
    super(fact.label ?? fact.text, vscode.TreeItemCollapsibleState.None);
    this.text = fact.text;
    this.id = `${container.id}:${fact.kind}:${fact.text}`;
    this.description = fact.description;
    this.contextValue = `fact.${fact.kind}`;
    this.iconPath = new vscode.ThemeIcon(fact.icon);
    this.tooltip = fact.tooltip;
    this.accessibilityInformation = { label: `${fact.kind === 'image' ? 'Image' : 'Address'} ${fact.text} of ${container.name}` };
  }
}

/** Its image, and its addresses in networks. */
export function factItems(container: ContainerInfo): FactItem[] {
  const image = new FactItem(container, {
    kind: 'image', text: container.image, label: shortImage(container.image), description: 'image', icon: 'package',
    tooltip: tooltipOf([['Image', container.image], ['Manifest', container.manifestDigest]]),
  });
  const addresses = (container.networks ?? []).flatMap(({ network, address, address6, mac }) => [address, address6].filter((text) => text !== undefined).map((text) =>
    new FactItem(container, { kind: 'address', text, description: network, icon: 'globe', tooltip: tooltipOf([['Address', text], ['Network', network], ['MAC', mac]]) })));
  return [image, ...addresses];
}

/** A folder of this machine, or a volume, that a container sees. Its context value is `mount.folder` or `mount.volume`. */
export class MountItem extends vscode.TreeItem {
  /** Of this machine; undefined for a volume. */
  readonly source: string | undefined;

  constructor(container: ContainerInfo, mount: Mount | ContainerVolume) {
    super(mount.target, vscode.TreeItemCollapsibleState.None);
    this.source = 'source' in mount ? mount.source : undefined;
    const what = 'source' in mount ? mount.source : mount.anonymous ? 'a volume of its own' : `volume ${mount.name}`;
    const access = mount.readOnly ? 'read-only' : 'read and write';
    this.id = `${container.id}:${mount.target}`;
    this.description = `${what}${mount.readOnly ? ' · read-only' : ''}`;
    this.contextValue = this.source === undefined ? 'mount.volume' : 'mount.folder';
    this.iconPath = new vscode.ThemeIcon(this.source === undefined ? 'database' : mount.readOnly ? 'lock' : 'folder');
    this.tooltip = tooltipOf([['In the container', mount.target], [this.source === undefined ? 'Volume' : 'On this machine', 'source' in mount ? mount.source : mount.name], ['Access', access]]);
    this.accessibilityInformation = { label: `${this.source === undefined ? '' : 'Shared folder '}${what}, at ${mount.target}, ${access}` };
  }
}

/** All folders and volumes of a container; undefined when it has none. */
export function mountsSection(container: ContainerInfo): SectionItem | undefined {
  const count = container.mounts.length + (container.volumes?.length ?? 0);
  if (count === 0) return undefined;
  return new SectionItem(container, 'mounts', 'Mounts', 'folder-library', { description: String(count), tooltip: `Folders of this machine, and volumes, that “${container.name}” sees` });
}

export function mountItems(container: ContainerInfo): MountItem[] {
  return [...container.mounts, ...(container.volumes ?? [])].map((mount) => new MountItem(container, mount));
}
