import * as vscode from 'vscode';
import type { ContainerInfo, ImageInfo } from '../../runtime-host/protocol/types.ts';
import { formatAge, formatBytes, shortImage } from './format.ts';
import { tooltipOf } from './tooltip.ts';

/** A local image in the tree. */
export class ImageItem extends vscode.TreeItem {
  readonly image: ImageInfo;

  constructor(image: ImageInfo, containers: readonly ContainerInfo[]) {
    super(shortImage(image.reference), vscode.TreeItemCollapsibleState.None);
    this.image = image;
    this.id = image.reference;
    const registry = image.reference.slice(0, image.reference.lastIndexOf('/'));
    const users = containers.filter((container) => container.image === image.reference || container.manifestDigest === image.manifestDigest).map(({ name }) => name);
    const use = users.length === 0 ? undefined : users.length === 1 ? `used by ${users[0] ?? ''}` : `used by ${users.length} containers`;
    const age = image.created && formatAge(image.created);
    this.description = [formatBytes(image.size), age, use, registry].filter(Boolean).join(' · ');
    this.contextValue = 'image';
    this.iconPath = new vscode.ThemeIcon('package');
    this.tooltip = tooltipOf([
      ['Image', image.reference],
      ['Size', `${formatBytes(image.size)} compressed`],
      ['Platform', [image.platform.os, image.platform.architecture, image.platform.variant].filter(Boolean).join('/')],
      ['Built', image.created && `${image.created.slice(0, 10)}, ${formatAge(image.created)}`],
      ['Used by', users.length === 0 ? 'no container' : users.join(', ')],
      ['Digest', image.digest],
    ]);
    this.accessibilityInformation = { label: [`Image ${image.reference}`, formatBytes(image.size), age && `built ${age}`, use ?? 'not used'].filter(Boolean).join(', ') };
  }
}
