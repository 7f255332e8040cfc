import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { DocumentLink } from 'vscode-json-languageservice';
import type { Node } from 'jsonc-parser';
import { knownProperties } from '../../devcontainer/knownProperties.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';

/** Links to the files that the configuration names: Dockerfile, Compose files, and scripts in its commands. */
export async function documentLinks(document: ConfigurationDocument): Promise<DocumentLink[]> {
  const { folder } = document;
  if (folder === undefined) return [];
  const beside = dirname(fileURLToPath(document.uri));
  const named = [document.node('dockerFile'), document.node('build', 'dockerfile'), ...textsIn(document.node('dockerComposeFile'))];
  const found = await Promise.all([
    ...named.map((node) => linkWhole(document, node, beside)),
    ...knownProperties.filter(({ name }) => name.endsWith('Command')).flatMap(({ name }) => textsIn(document.node(name))).map((node) => linkWords(document, node, folder)),
  ]);
  return found.flat();
}

async function linkWhole(document: ConfigurationDocument, node: Node | undefined, directory: string): Promise<DocumentLink[]> {
  if (typeof node?.value !== 'string') return [];
  const path = resolve(directory, node.value);
  return (await isThere(path)) ? [{ range: document.rangeOf(node), target: pathToFileURL(path).href }] : [];
}

/** Words of a command that are files of the folder. Escaped texts are left alone: places in them are not places in the file. */
async function linkWords(document: ConfigurationDocument, node: Node, folder: string): Promise<DocumentLink[]> {
  const text = String(node.value);
  if (document.text.getText(document.rangeOf(node)) !== JSON.stringify(text)) return [];
  const links = await Promise.all([...text.matchAll(/[^\s'"=;&|()<>]+/g)].map(async ({ 0: word, index }): Promise<DocumentLink[]> => {
    if (!/[/.]/.test(word) || word.startsWith('/') || word.includes('..') || word.includes('$')) return [];
    const path = join(folder, word);
    if (!(await isThere(path))) return [];
    const offset = node.offset + 1 + index;
    return [{ range: { start: document.text.positionAt(offset), end: document.text.positionAt(offset + word.length) }, target: pathToFileURL(path).href }];
  }));
  return links.flat();
}

/** All texts in a value. */
function textsIn(node: Node | undefined): Node[] {
  if (!node) return [];
  if (node.type === 'string') return [node];
  if (node.type === 'property') return textsIn(node.children?.[1]);
  return (node.children ?? []).flatMap(textsIn);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
