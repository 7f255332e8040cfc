import { applyEdits, findNodeAtOffset, getNodePath, modify, type Edit, type JSONPath } from 'jsonc-parser';
import type { Diagnostic, Range, TextEdit } from 'vscode-json-languageservice';
import { knownProperties, knownProperty } from '../../devcontainer/knownProperties.ts';
import { createFolderCommand, type CodeAction } from '../../protocol/language.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { diagnosticCodes, diagnosticSource } from './diagnosticCodes.ts';
import { editDistance } from './tagOrder.ts';

/** What Berth can change about the diagnostics at a place. */
export function codeActions(document: ConfigurationDocument, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => [...ofOurs(document, diagnostic), ...ofUnknown(document, diagnostic), ...ofOlder(document, diagnostic)]);
}

function ofOurs(document: ConfigurationDocument, diagnostic: Diagnostic): CodeAction[] {
  if (diagnostic.source !== diagnosticSource) return [];
  const path = pathAt(document, diagnostic.range);
  const data = diagnostic.data as { path?: string; replacements?: string[] } | undefined;
  switch (diagnostic.code) {
    case diagnosticCodes.imageMissing:
      return (data?.replacements ?? []).map((reference, index) => action(document, `Use ${reference}`, diagnostic, { edits: change(document, ['image'], reference), isPreferred: index === 0 }));
    case diagnosticCodes.mountSource:
      return [
        { title: `Create the folder ${data?.path}`, kind: 'quickfix', diagnostics: [diagnostic], command: { title: 'Create Folder', command: createFolderCommand, arguments: [document.uri, data?.path] } },
        action(document, 'Remove this mount', diagnostic, { edits: change(document, path, undefined) }),
      ];
    case diagnosticCodes.portTwice:
      return [action(document, 'Remove the second', diagnostic, { edits: change(document, path, undefined), isPreferred: true })];
    case diagnosticCodes.ignored:
      return [action(document, `Remove “${String(path.at(-1))}”`, diagnostic, { edits: change(document, path, undefined) })];
    case diagnosticCodes.unusable:
      return ofUnusable(document, diagnostic, path);
    default:
      return [];
  }
}

/** What would have to be built becomes a ready image, or goes when there is one. */
function ofUnusable(document: ConfigurationDocument, diagnostic: Diagnostic, path: JSONPath): CodeAction[] {
  const [name] = path;
  if (typeof name !== 'string' || !['build', 'dockerFile', 'dockerComposeFile', 'features'].includes(name)) return [];
  if (name === 'features' || document.value('image') !== undefined) return [action(document, `Remove “${name}”`, diagnostic, { edits: change(document, [name], undefined) })];
  const text = document.text.getText();
  const without = applyEdits(text, modify(text, [name], undefined, formatting));
  const whole = applyEdits(without, modify(without, ['image'], 'debian:12', { ...formatting, getInsertionIndex: () => 0 }));
  return [action(document, 'Use a ready image instead', diagnostic, { edits: [{ offset: 0, length: text.length, content: whole }], isPreferred: true })];
}

/** A property that nobody knows may be a known one that was mistyped. */
function ofUnknown(document: ConfigurationDocument, diagnostic: Diagnostic): CodeAction[] {
  const path = pathAt(document, diagnostic.range);
  const [name] = path;
  if (path.length !== 1 || typeof name !== 'string' || knownProperty(name)) return [];
  const likely = knownProperties.map(({ name: known }) => ({ known, distance: editDistance(name.toLowerCase(), known.toLowerCase()) })).sort((one, other) => one.distance - other.distance)[0];
  const range = document.keyRange(name);
  const rename = likely && range && likely.distance <= 3 && document.value(likely.known) === undefined
    ? [{ title: `Change to “${likely.known}”`, kind: 'quickfix' as const, diagnostics: [diagnostic], isPreferred: true, edit: { changes: { [document.uri]: [{ range, newText: JSON.stringify(likely.known) }] } } }]
    : [];
  return [...rename, action(document, `Remove “${name}”`, diagnostic, { edits: change(document, [name], undefined) })];
}

/** `extensions` and `settings` have moved. */
function ofOlder(document: ConfigurationDocument, diagnostic: Diagnostic): CodeAction[] {
  const [name, ...rest] = pathAt(document, diagnostic.range);
  if (rest.length > 0 || (name !== 'extensions' && name !== 'settings')) return [];
  if (document.value('customizations', 'vscode', name) !== undefined) return [];
  const text = document.text.getText();
  const without = applyEdits(text, modify(text, [name], undefined, formatting));
  const whole = applyEdits(without, modify(without, ['customizations', 'vscode', name], document.value(name), formatting));
  return [action(document, 'Move to “customizations.vscode”', diagnostic, { edits: [{ offset: 0, length: text.length, content: whole }], isPreferred: true })];
}

const formatting = { formattingOptions: { insertSpaces: true, tabSize: 2 } };

/** Sets a value, or takes it away when that is undefined. */
function change(document: ConfigurationDocument, path: JSONPath, value: unknown): Edit[] {
  if (value === undefined && typeof path.at(-1) === 'number') return removeElement(document, path);
  return modify(document.text.getText(), path, value, formatting);
}

/** The library's own way leaves a letter of the last element behind when the list stands in one line. */
function removeElement(document: ConfigurationDocument, path: JSONPath): Edit[] {
  const elements = document.elements(...path.slice(0, -1));
  const index = Number(path.at(-1));
  const [before, element, behind] = [elements[index - 1], elements[index], elements[index + 1]];
  if (!element) return [];
  const begin = before ? before.offset + before.length : element.offset;
  const end = !before && behind ? behind.offset : element.offset + element.length;
  return [{ offset: begin, length: end - begin, content: '' }];
}

function action(document: ConfigurationDocument, title: string, diagnostic: Diagnostic, { edits, isPreferred }: { readonly edits: readonly Edit[]; readonly isPreferred?: boolean }): CodeAction {
  const changes = edits.map(({ offset, length, content }): TextEdit => ({ range: { start: document.text.positionAt(offset), end: document.text.positionAt(offset + length) }, newText: content }));
  return { title, kind: 'quickfix', diagnostics: [diagnostic], ...(isPreferred && { isPreferred }), edit: { changes: { [document.uri]: changes } } };
}

/** The path of what begins at a range: a property, also by its name, or an element of a list. */
function pathAt(document: ConfigurationDocument, range: Range): JSONPath {
  const node = document.root && findNodeAtOffset(document.root, document.text.offsetAt(range.start));
  if (!node) return [];
  const named = node.parent?.type === 'property' && node.parent.children?.[0] === node ? node.parent.children[1] : node;
  return named ? getNodePath(named) : [];
}
