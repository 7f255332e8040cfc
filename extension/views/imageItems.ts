import * as vscode from 'vscode';
import type { ImageInfo } from '../../runtime-host/protocol/types.ts';
import { formatBytes, shortImage } from './format.ts';
import { tooltipOf } from './tooltip.ts';

/** A local image in the tree. */
export class ImageItem extends vscode.TreeItem {
  readonly image: ImageInfo;

  constructor(image: ImageInfo) {
    super(shortImage(image.reference), vscode.TreeItemCollapsibleState.None);
    this.image = image;
    this.id = image.reference;
    const registry = image.reference.slice(0, image.reference.lastIndexOf('/'));
    this.description = [formatBytes(image.size), registry].filter(Boolean).join(' · ');
    this.contextValue = 'image';
    this.iconPath = new vscode.ThemeIcon('package');
    this.tooltip = tooltipOf([
      ['Image', image.reference],
      ['Size', `${formatBytes(image.size)} compressed`],
      ['Platform', [image.platform.os, image.platform.architecture, image.platform.variant].filter(Boolean).join('/')],
      ['Built', image.created?.slice(0, 10)],
      ['Digest', image.digest],
    ]);
    this.accessibilityInformation = { label: `Image ${image.reference}, ${formatBytes(image.size)}` };
  }
}
