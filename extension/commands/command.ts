/** A command of package.json: called with the item that it is about and, when several are selected, with all of them. */
export type Command = (argument: unknown, selected?: unknown) => unknown;
