import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { VolumeInfo } from '../../runtime-host/protocol/volumes.ts';
import { formatAge, formatBytes } from './format.ts';
import type { Branch } from './listTree.ts';
import { MemberItem } from './memberItem.ts';
import { tooltipOf } from './tooltip.ts';

/** A volume in the tree; in it, the containers that use it. Its context value is `volume.used` or `volume.unused`. */
export class VolumeItem extends vscode.TreeItem implements Branch {
  readonly volume: VolumeInfo;
  readonly #users: readonly ContainerInfo[];

  constructor(volume: VolumeInfo, containers: readonly ContainerInfo[]) {
    const users = containers.filter((container) => container.volumes?.some(({ name }) => name === volume.name));
    super(volumeTitle(volume), users.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    this.volume = volume;
    this.#users = users;
    this.id = volume.name;
    const use = users.length > 0 ? `used by ${users.map(({ name }) => name).join(', ')}` : 'not used';
    this.description = [use, ...(volume.driver === 'shared' ? ['directory'] : []), ...(volume.anonymous ? ['unnamed'] : [])].join(' · ');
    this.contextValue = users.length > 0 ? 'volume.used' : 'volume.unused';
    this.iconPath = new vscode.ThemeIcon(volume.driver === 'shared' ? 'folder-library' : 'database');
    this.tooltip = tooltipOf([
      ['Volume', volume.name],
      ['Kind', volume.driver === 'shared' ? 'a directory of this machine, which several containers may write at once' : 'a disk, which one running container may write'],
      ['Takes', formatBytes(volume.allocatedBytes)],
      ['At most', volume.sizeBytes === undefined ? undefined : formatBytes(volume.sizeBytes)],
      ['Made', formatAge(volume.createdAt)],
      ['Used by', users.length > 0 ? users.map(({ name }) => name).join(', ') : 'no container'],
      ['Path', volume.path],
    ]);
    this.accessibilityInformation = { label: `Volume ${volumeTitle(volume)}, ${use}${volume.anonymous ? ', unnamed' : ''}` };
  }

  children(): vscode.TreeItem[] {
    return this.#users.map((container) => {
      const mounts = (container.volumes ?? []).filter(({ name }) => name === this.volume.name);
      return new MemberItem(this.volume.name, container, mounts.map(({ target, readOnly }) => `${target}${readOnly ? ' (read-only)' : ''}`).join(', '));
    });
  }
}

/** Names that nobody has given are too long to be read. */
export function volumeTitle({ name, anonymous }: VolumeInfo): string {
  return anonymous ? name.slice(0, 12) : name;
}
