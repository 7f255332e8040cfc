import { dirname, basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNodeAtLocation, getNodePath, getNodeValue, parseTree, type Node } from 'jsonc-parser';
import type { JSONDocument, LanguageService, Position, Range, TextDocument } from 'vscode-json-languageservice';

/** One version of a devcontainer.json that is open in an editor. */
export class ConfigurationDocument {
  readonly text: TextDocument;
  readonly json: JSONDocument;
  /** Undefined while there is nothing but errors. */
  readonly root: Node | undefined;
  /** The folder that it configures; undefined for what is not a file of this machine. */
  readonly folder: string | undefined;

  constructor(text: TextDocument, service: LanguageService) {
    this.text = text;
    this.json = service.parseJSONDocument(text);
    this.root = parseTree(text.getText(), [], { allowTrailingComma: true });
    this.folder = folderOf(text.uri);
  }

  get uri(): string {
    return this.text.uri;
  }

  node(...path: readonly (string | number)[]): Node | undefined {
    return this.root && findNodeAtLocation(this.root, [...path]);
  }

  /** The value of a property; undefined where there is none. */
  value(...path: readonly (string | number)[]): unknown {
    const node = this.node(...path);
    return node && (getNodeValue(node) as unknown);
  }

  /** The elements of a list, empty where there is none. */
  elements(...path: readonly (string | number)[]): readonly Node[] {
    const node = this.node(...path);
    return node?.type === 'array' ? (node.children ?? []) : [];
  }

  /** Where the name of a property stands, with its quotes. */
  keyRange(...path: readonly (string | number)[]): Range | undefined {
    const key = this.node(...path)?.parent?.children?.[0];
    return key && this.rangeOf(key);
  }

  /** The property of the whole object that a place belongs to. */
  propertyAt(position: Position): Node | undefined {
    const offset = this.text.offsetAt(position);
    return this.root?.children?.find((property) => offset >= property.offset && offset < property.offset + property.length);
  }

  rangeOf(node: Node): Range {
    return { start: this.text.positionAt(node.offset), end: this.text.positionAt(node.offset + node.length) };
  }
}

export const pathOf = (node: Node): readonly (string | number)[] => getNodePath(node);

function folderOf(uri: string): string | undefined {
  if (!uri.startsWith('file://')) return undefined;
  let directory = dirname(fileURLToPath(uri));
  if (basename(fileURLToPath(uri)) === '.devcontainer.json') return directory;
  while (basename(directory) !== '.devcontainer' && directory !== dirname(directory)) directory = dirname(directory);
  return dirname(directory);
}
