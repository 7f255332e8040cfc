import type { CompletionItem, Position, Range } from 'vscode-json-languageservice';
import { pathOf, type ConfigurationDocument } from './configurationDocument.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Completions of `image`: local images, and behind a colon the tags that the registry has.
 * @returns undefined when the place is not the value of `image`
 */
export async function completeImage(document: ConfigurationDocument, position: Position, surroundings: Surroundings): Promise<CompletionItem[] | undefined> {
  const node = document.node('image');
  if (node?.type !== 'string' || pathOf(node).length !== 1) return undefined;
  const offset = document.text.offsetAt(position);
  const begin = node.offset + 1;
  if (offset < begin || offset >= node.offset + Math.max(node.length, 2)) return undefined;
  const typed = document.text.getText().slice(begin, offset);
  const range = { start: document.text.positionAt(begin), end: document.text.positionAt(node.offset + node.length - 1) };
  const repository = /^(.+):[\w.-]*$/.exec(typed)?.[1];
  const items = (await surroundings.images()).map(({ reference }) => item(shortened(reference), range, { detail: 'local', sortText: `0${reference}` }));
  if (repository === undefined || repository.endsWith('/')) return items;
  const tags = await surroundings.tags(repository);
  const local = new Set(items.map(({ label }) => label));
  return [
    ...items,
    ...tags.map((tag, index) => item(`${repository}:${tag}`, range, { sortText: `1${String(index).padStart(5, '0')}` })).filter(({ label }) => !local.has(label)),
  ];
}

function item(label: string, range: Range, more: Partial<CompletionItem>): CompletionItem {
  return { label, kind: 12 /* CompletionItemKind.Value */, filterText: label, textEdit: { range, newText: label }, ...more };
}

/** `docker.io/library/debian:12` is `debian:12` to people. */
function shortened(reference: string): string {
  return reference.replace(/^docker\.io\/(library\/)?/, '');
}
