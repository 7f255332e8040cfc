import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { portEntries } from '../ports/portEntries.ts';
import { ContainerItem, hasPorts, MountItem } from './containerItems.ts';
import { PortItem, PortsItem, PortsMessageItem } from './portItems.ts';

/** Containers, newest first, each with its ports and the folders that it sees. */
export class ContainersTree implements vscode.TreeDataProvider<vscode.TreeItem>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #looked = new vscode.EventEmitter<PortsItem>();
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChangeTreeData = this.#changed.event;
  /** VS Code has asked what is in a Ports section, so it is open. */
  readonly onDidLook = this.#looked.event;

  constructor(services: Services) {
    this.#services = services;
    this.#subscriptions = [
      services.window.onDidChange(() => this.#changed.fire()),
      services.listeners.onDidChange(() => this.#changed.fire()),
      services.forwards.onDidChange(() => this.#changed.fire()),
    ];
  }

  getTreeItem(item: vscode.TreeItem): vscode.TreeItem {
    return item;
  }

  getChildren(item?: vscode.TreeItem): vscode.TreeItem[] {
    if (item instanceof PortsItem) return this.#ports(item);
    if (item instanceof ContainerItem) {
      const { container } = item;
      return [...(hasPorts(container) ? [new PortsItem(container)] : []), ...container.mounts.map((mount) => new MountItem(container, mount))];
    }
    if (item) return [];
    const { session, window } = this.#services;
    return session.containers.map((container) => new ContainerItem(container, window.isCurrent(container)));
  }

  #ports(section: PortsItem): vscode.TreeItem[] {
    this.#looked.fire(section);
    const { container } = section;
    const { listeners, forwards } = this.#services;
    const found = listeners.listeners(container.id);
    const items: vscode.TreeItem[] = portEntries(container, found).map((entry) => new PortItem(container, entry, forwards.attributes(container.id, entry.containerPort).label));
    const problem = listeners.problem(container.id);
    if (problem !== undefined) items.push(new PortsMessageItem(container, problem, 'warning'));
    else if (items.length === 0) items.push(new PortsMessageItem(container, found ? 'No server is listening.' : 'Looking for servers…', 'info'));
    return items;
  }

  dispose(): void {
    this.#changed.dispose();
    this.#looked.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
