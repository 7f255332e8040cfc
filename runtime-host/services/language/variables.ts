import type { CompletionItem, Hover, Position } from 'vscode-json-languageservice';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { InsertTextFormat } from './jsonLibrary.ts';

/** The variables of the specification (containers.dev/implementors/json_reference, "Variables"), and what stands behind the colon. */
const variables: Readonly<Record<string, { readonly meaning: string; readonly argument?: string }>> = {
  localEnv: { meaning: 'A variable of this machine’s environment. What follows a second colon is used when it is not set.', argument: 'NAME' },
  containerEnv: { meaning: 'A variable of the container’s environment. Works in “remoteEnv”.', argument: 'NAME' },
  localWorkspaceFolder: { meaning: 'The path of the folder on this machine.' },
  localWorkspaceFolderBasename: { meaning: 'The last part of the folder’s path on this machine.' },
  containerWorkspaceFolder: { meaning: 'The path of the folder in the container.' },
  containerWorkspaceFolderBasename: { meaning: 'The last part of the folder’s path in the container.' },
  devcontainerId: { meaning: 'Letters and digits that are always the same for this folder and different for others.' },
};

/** Completions behind `${` within a text; undefined when the place is none. */
export function completeVariable(document: ConfigurationDocument, position: Position): CompletionItem[] | undefined {
  const line = document.text.getText({ start: { line: position.line, character: 0 }, end: position });
  const open = /\$\{([A-Za-z]*)$/.exec(line);
  if (!open) return undefined;
  const typed = open[1] ?? '';
  const range = { start: { line: position.line, character: position.character - typed.length }, end: position };
  const closes = document.text.getText({ start: position, end: { line: position.line, character: position.character + 1 } }) === '}';
  return Object.entries(variables).map(([name, { meaning, argument }]) => ({
    label: name,
    kind: 6, // CompletionItemKind.Variable
    documentation: meaning,
    insertTextFormat: InsertTextFormat.Snippet,
    textEdit: { range, newText: `${name}${argument === undefined ? '' : `:\${1:${argument}}`}${closes ? '' : '\\}'}` },
  }));
}

/** The meaning of the variable at a place. */
export function hoverVariable(document: ConfigurationDocument, position: Position): Hover | undefined {
  const line = document.text.getText({ start: { line: position.line, character: 0 }, end: { line: position.line + 1, character: 0 } });
  for (const match of line.matchAll(/\$\{([A-Za-z]+)[^}]*\}/g)) {
    const known = variables[match[1] ?? ''];
    const end = match.index + match[0].length;
    if (!known || position.character < match.index || position.character > end) continue;
    return { contents: known.meaning, range: { start: { line: position.line, character: match.index }, end: { line: position.line, character: end } } };
  }
  return undefined;
}
