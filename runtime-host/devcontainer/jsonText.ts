import { findNodeAtLocation, parse, parseTree, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { BerthError } from '../protocol/errors.ts';

const options = { allowTrailingComma: true } as const;

/**
 * Reads JSON with comments, which must hold an object.
 * @throws BerthError DevContainerInvalid, which names the line
 */
export function parseObject(text: string, file: string): Record<string, unknown> {
  const errors: ParseError[] = [];
  const root: unknown = parse(withoutMark(text), errors, options);
  const first = errors[0];
  if (first) {
    const line = lineAt(text, first.offset);
    throw new BerthError('DevContainerInvalid', `${file} is not valid JSON: ${inWords(printParseErrorCode(first.error))} in line ${line}.`, { data: { line } });
  }
  if (!isObject(root)) throw new BerthError('DevContainerInvalid', `${file} must hold a JSON object.`);
  return root;
}

/** The line of a value, or of as much of its path as there is; the first is 1. */
export function lineOf(text: string, path: readonly (string | number)[]): number | undefined {
  const tree = parseTree(withoutMark(text), [], options);
  if (!tree) return undefined;
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    // A member's line is that of its name.
    if (node) return lineAt(withoutMark(text), (node.parent?.type === 'property' ? node.parent : node).offset);
  }
  return undefined;
}

/** What a configuration calls itself; undefined when it does not, or is not one. */
export function nameOfConfiguration(text: string): string | undefined {
  const root: unknown = parse(withoutMark(text), [], options);
  return isObject(root) && typeof root['name'] === 'string' && root['name'] !== '' ? root['name'] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** `CommaExpected` is “comma expected”. */
function inWords(code: string): string {
  return code.replace(/(?<=.)([A-Z])/g, ' $1').toLowerCase();
}
