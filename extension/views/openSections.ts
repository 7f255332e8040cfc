import type * as vscode from 'vscode';
import type { HeldWatches } from '../host/heldWatches.ts';
import type { HostSession } from '../host/hostSession.ts';
import { ContainerItem } from './containerItems.ts';
import type { ContainersTree } from './containersTree.ts';
import { SectionItem, type Section } from './sectionItem.ts';

/** What is watched while a section is open. */
export type SectionWatches = Readonly<Partial<Record<Section, Pick<HeldWatches<unknown>, 'hold'>>>>;

interface OpenSection {
  readonly id: string;
  readonly watches: Pick<HeldWatches<unknown>, 'hold'>;
}

/** Has those containers watched whose section a person can see at the moment. */
export class OpenSections implements vscode.Disposable {
  readonly #view: vscode.TreeView<vscode.TreeItem>;
  readonly #watches: SectionWatches;
  /** Ids of the containers whose own item is open. VS Code tells nothing of what is inside a closed item. */
  readonly #containers = new Set<string>();
  /** By the item's id. */
  readonly #sections = new Map<string, OpenSection>();
  readonly #held = new Map<string, vscode.Disposable>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(view: vscode.TreeView<vscode.TreeItem>, tree: ContainersTree, session: HostSession, watches: SectionWatches) {
    this.#view = view;
    this.#watches = watches;
    this.#subscriptions = [
      view.onDidChangeVisibility(() => this.#update()),
      view.onDidExpandElement(({ element }) => this.#toggled(element, true)),
      view.onDidCollapseElement(({ element }) => this.#toggled(element, false)),
      // What goes away and comes back is closed, without a word of that.
      session.onDidChange(() => {
        for (const id of this.#containers) if (!session.container(id)) this.#containers.delete(id);
        for (const [key, { id }] of this.#sections) if (session.container(id)?.state !== 'running') this.#sections.delete(key);
        this.#update();
      }),
      // VS Code opens by itself what was open before, and tells so in no other way.
      tree.onDidLook((section) => {
        if (this.#containers.has(section.container.id) && this.#sections.has(section.id ?? '')) return;
        this.#containers.add(section.container.id);
        this.#toggled(section, true);
      }),
    ];
  }

  #toggled(element: vscode.TreeItem, open: boolean): void {
    if (element instanceof ContainerItem) {
      if (open) this.#containers.add(element.container.id);
      else this.#containers.delete(element.container.id);
    } else if (element instanceof SectionItem) {
      const watches = this.#watches[element.section];
      if (!watches) return;
      if (open) this.#sections.set(element.id ?? '', { id: element.container.id, watches });
      else this.#sections.delete(element.id ?? '');
    }
    this.#update();
  }

  #update(): void {
    const isSeen = ({ id }: OpenSection): boolean => this.#view.visible && this.#containers.has(id);
    for (const [key, hold] of this.#held) {
      const section = this.#sections.get(key);
      if (section && isSeen(section)) continue;
      this.#held.delete(key);
      hold.dispose();
    }
    for (const [key, section] of this.#sections) {
      if (isSeen(section) && !this.#held.has(key)) this.#held.set(key, section.watches.hold(section.id));
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const hold of this.#held.values()) hold.dispose();
  }
}
