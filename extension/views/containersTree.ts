import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { ContainerItem, MountItem } from './containerItems.ts';

/** Containers, newest first, each with the folders that it sees. */
export class ContainersTree implements vscode.TreeDataProvider<vscode.TreeItem>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(services: Services) {
    this.#services = services;
    this.#subscriptions = [
      services.window.onDidChange(() => this.#changed.fire()),
    ];
  }

  getTreeItem(item: vscode.TreeItem): vscode.TreeItem {
    return item;
  }

  getChildren(item?: vscode.TreeItem): vscode.TreeItem[] {
    if (item instanceof ContainerItem) return item.container.mounts.map((mount) => new MountItem(item.container, mount));
    if (item) return [];
    const { session, window } = this.#services;
    return session.containers.map((container) => new ContainerItem(container, window.isCurrent(container)));
  }

  dispose(): void {
    this.#changed.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
