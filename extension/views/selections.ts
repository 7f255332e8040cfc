import type * as vscode from 'vscode';

/** What is selected in the views, for keys: VS Code calls a key's command without the item. */
export class Selections {
  readonly #views = new Map<string, vscode.TreeView<vscode.TreeItem>>();

  add(name: string, view: vscode.TreeView<vscode.TreeItem>): void {
    this.#views.set(name, view);
  }

  /**
   * For a command that was called with `{ "selectionOf": "berth.containers", "kind": "container." }`: what a menu would
   * have called it with, a kind being how context values begin. Undefined for another.
   */
  of(argument: unknown): { readonly item: vscode.TreeItem | undefined; readonly all: readonly vscode.TreeItem[] } | undefined {
    if (typeof argument !== 'object' || argument === null || !('selectionOf' in argument)) return undefined;
    const kind = 'kind' in argument ? String(argument.kind) : '';
    const all = (this.#views.get(String(argument.selectionOf))?.selection ?? []).filter(({ contextValue = '' }) => contextValue.startsWith(kind));
    return { item: all[0], all };
  }
}
