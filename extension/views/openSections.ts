import type * as vscode from 'vscode';
import type { HostSession } from '../host/hostSession.ts';
import type { ListenerWatches } from '../ports/listenerWatches.ts';
import { ContainerItem } from './containerItems.ts';
import type { ContainersTree } from './containersTree.ts';
import { PortsItem } from './portItems.ts';

/** Has the listeners of those containers watched whose Ports section a person can see at the moment. */
export class OpenSections implements vscode.Disposable {
  readonly #view: vscode.TreeView<vscode.TreeItem>;
  readonly #watches: ListenerWatches;
  /** Ids of the containers whose own item, and whose section, is open. VS Code tells nothing of what is inside a closed item. */
  readonly #containers = new Set<string>();
  readonly #sections = new Set<string>();
  readonly #held = new Map<string, vscode.Disposable>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(view: vscode.TreeView<vscode.TreeItem>, tree: ContainersTree, session: HostSession, watches: ListenerWatches) {
    this.#view = view;
    this.#watches = watches;
    this.#subscriptions = [
      view.onDidChangeVisibility(() => this.#update()),
      view.onDidExpandElement(({ element }) => this.#toggled(element, true)),
      view.onDidCollapseElement(({ element }) => this.#toggled(element, false)),
      // What goes away and comes back is closed, without a word of that.
      session.onDidChange(() => {
        for (const id of this.#containers) if (!session.container(id)) this.#containers.delete(id);
        for (const id of this.#sections) if (session.container(id)?.state !== 'running') this.#sections.delete(id);
        this.#update();
      }),
      // VS Code opens by itself what was open before, and tells so in no other way.
      tree.onDidLook(({ container }) => {
        if (this.#containers.has(container.id) && this.#sections.has(container.id)) return;
        this.#containers.add(container.id);
        this.#sections.add(container.id);
        this.#update();
      }),
    ];
  }

  #toggled(element: vscode.TreeItem, open: boolean): void {
    const set = element instanceof PortsItem ? this.#sections : element instanceof ContainerItem ? this.#containers : undefined;
    const id = element instanceof PortsItem || element instanceof ContainerItem ? element.container.id : undefined;
    if (!set || id === undefined) return;
    if (open) set.add(id);
    else set.delete(id);
    this.#update();
  }

  #update(): void {
    const wanted = new Set(this.#view.visible ? [...this.#sections].filter((id) => this.#containers.has(id)) : []);
    for (const [id, hold] of this.#held) {
      if (wanted.has(id)) continue;
      this.#held.delete(id);
      hold.dispose();
    }
    for (const id of wanted) {
      if (!this.#held.has(id)) this.#held.set(id, this.#watches.hold(id));
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const hold of this.#held.values()) hold.dispose();
  }
}
