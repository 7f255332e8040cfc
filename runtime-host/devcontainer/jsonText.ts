import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { BerthError } from '../protocol/errors.ts';

/**
 * Reads JSON with comments, which must hold an object.
 * @throws BerthError DevContainerInvalid, which names the line
 */
export function parseObject(text: string, file: string): Record<string, unknown> {
  const errors: ParseError[] = [];
  const root: unknown = parse(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first) {
    const line = text.slice(0, first.offset).split('\n').length;
    throw new BerthError('DevContainerInvalid', `${file} is not valid JSON: ${inWords(printParseErrorCode(first.error))} in line ${line}.`);
  }
  if (!isObject(root)) throw new BerthError('DevContainerInvalid', `${file} must hold a JSON object.`);
  return root;
}

/** What a configuration calls itself; undefined when it does not, or is not one. */
export function nameOfConfiguration(text: string): string | undefined {
  const root: unknown = parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true });
  return isObject(root) && typeof root['name'] === 'string' && root['name'] !== '' ? root['name'] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `CommaExpected` is “comma expected”. */
function inWords(code: string): string {
  return code.replace(/(?<=.)([A-Z])/g, ' $1').toLowerCase();
}
