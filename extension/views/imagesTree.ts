import * as vscode from 'vscode';
import type { ImageInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { shortImage } from './containerItems.ts';
import { formatBytes } from './format.ts';

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
    this.tooltip = imageTooltip(image);
    this.accessibilityInformation = { label: `Image ${image.reference}, ${formatBytes(image.size)}` };
  }
}

/** Local images, by name. */
export class ImagesTree implements vscode.TreeDataProvider<ImageItem>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Services) {
    this.#services = services;
    this.#subscription = services.session.onDidChange((what) => { if (what !== 'containers') this.#changed.fire(); });
  }

  getTreeItem(item: ImageItem): ImageItem {
    return item;
  }

  getChildren(item?: ImageItem): ImageItem[] {
    return item ? [] : this.#services.session.images.map((image) => new ImageItem(image));
  }

  dispose(): void {
    this.#changed.dispose();
    this.#subscription.dispose();
  }
}

function imageTooltip(image: ImageInfo): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const line = (label: string, value: string): void => {
    text.appendMarkdown(`**${label}:** `).appendText(value).appendMarkdown('  \n');
  };
  line('Image', image.reference);
  line('Size', `${formatBytes(image.size)} compressed`);
  line('Platform', [image.platform.os, image.platform.architecture, image.platform.variant].filter(Boolean).join('/'));
  if (image.created) line('Built', image.created.slice(0, 10));
  line('Digest', image.digest);
  return text;
}
