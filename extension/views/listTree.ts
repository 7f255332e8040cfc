import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import type { ListName } from '../host/hostLists.ts';

/** An item that knows what is in it. */
export interface Branch extends vscode.TreeItem {
  children(): vscode.TreeItem[];
}

/** A view that shows lists which the host keeps, and is made anew when one of them changes. */
export class ListTree implements vscode.TreeDataProvider<vscode.TreeItem>, vscode.Disposable {
  readonly #roots: () => vscode.TreeItem[];
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor({ session }: Services, lists: readonly ListName[], roots: () => vscode.TreeItem[]) {
    this.#roots = roots;
    this.#subscription = session.onDidChange((what) => { if (what === 'state' || lists.includes(what)) this.#changed.fire(); });
  }

  getTreeItem(item: vscode.TreeItem): vscode.TreeItem {
    return item;
  }

  getChildren(item?: vscode.TreeItem): vscode.TreeItem[] {
    if (item === undefined) return this.#roots();
    return isBranch(item) ? item.children() : [];
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

function isBranch(item: vscode.TreeItem): item is Branch {
  return 'children' in item;
}
