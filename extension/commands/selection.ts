import * as vscode from 'vscode';

/**
 * What a command is about: VS Code calls it with the item under the pointer and, when several are selected, with all of
 * them; items of another kind are left out. Undefined when it was called without an item.
 */
export function itemsOf<Item, Thing>(kind: abstract new (...args: never[]) => Item, thingOf: (item: Item) => Thing, argument: unknown, selected: unknown): Thing[] | undefined {
  const items = Array.isArray(selected) && selected.includes(argument) ? selected : [argument];
  const things = items.filter((item): item is Item => item instanceof kind).map(thingOf);
  return things.length > 0 ? things : undefined;
}

/** A command that does the same to each of the selected items that are what the one under the pointer is. */
export function onEach(run: (item: unknown) => Promise<unknown>): (argument: unknown, selected?: unknown) => Promise<void> {
  const kindOf = (item: unknown): unknown => (item instanceof vscode.TreeItem ? item.contextValue : undefined);
  return (argument, selected) => {
    const kind = kindOf(argument);
    const items = kind !== undefined && Array.isArray(selected) && selected.includes(argument) ? selected.filter((item) => kindOf(item) === kind) : [argument];
    return forEach<unknown>(items, run);
  };
}

interface Choice<Thing> extends vscode.QuickPickItem {
  readonly thing: Thing;
}

/** Lets the user choose one; says so when there is none. */
export async function pickOne<Thing>(choices: readonly Choice<Thing>[], placeHolder: string, none: string): Promise<Thing | undefined> {
  if (choices.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  return (await vscode.window.showQuickPick(choices, { placeHolder, matchOnDescription: true }))?.thing;
}

/** Asks once about all of them, each by its name. */
export async function confirmRemoval(what: { readonly one: string; readonly many: string }, names: readonly string[], detail: string): Promise<boolean> {
  const [only] = names;
  const question = names.length === 1 ? `Remove the ${what.one} “${only ?? ''}”?` : `Remove these ${names.length} ${what.many}?`;
  const list = names.length === 1 ? '' : `${names.join('\n')}\n\n`;
  return (await vscode.window.showWarningMessage(question, { modal: true, detail: `${list}${detail}` }, 'Remove')) === 'Remove';
}

/** Does the same to each, all at once; when several fail, the first failure is told, after all have ended. */
export async function forEach<Thing>(things: readonly Thing[], work: (thing: Thing) => Promise<unknown>): Promise<void> {
  const results = await Promise.allSettled(things.map(work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
