import { posix } from 'node:path';
import type { Mount } from '../protocol/types.ts';
import { substituteText, type Variables } from './variables.ts';

/**
 * One entry of `mounts`: Docker's `--mount` text (`type=bind,source=…,target=…,readonly`) or the same as an object.
 * @returns the mount, or one sentence that says why it cannot be used
 */
export function parseMount(entry: unknown, variables: Variables): Mount | string {
  const fields = typeof entry === 'string' ? fieldsOfText(entry) : fieldsOfObject(entry);
  if (!fields) return 'it must be a text such as “type=bind,source=/data,target=/data”.';
  const type = fields.get('type') ?? 'bind';
  const source = field(fields, variables, 'source', 'src');
  const target = field(fields, variables, 'target', 'dst', 'destination');
  const shown = source ?? target ?? JSON.stringify(entry);
  if (type !== 'bind') return `“${shown}” has the type “${type}”; only “bind” is supported.`;
  if (!source || !posix.isAbsolute(source)) return `its source “${source ?? ''}” must be an absolute path.`;
  if (!target || !posix.isAbsolute(target)) return `its target “${target ?? ''}” must be an absolute path.`;
  return { source: trimSlash(source), target: trimSlash(target), readOnly: isReadOnly(fields) };
}

function fieldsOfText(text: string): Map<string, string> {
  return new Map(text.split(',').map((part): [string, string] => {
    const equals = part.indexOf('=');
    return equals < 0 ? [part.trim(), 'true'] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  }));
}

function fieldsOfObject(value: unknown): Map<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value).filter((entry): entry is [string, string | boolean] => ['string', 'boolean'].includes(typeof entry[1])).map(([name, field]) => [name, String(field)]));
}

function field(fields: Map<string, string>, variables: Variables, ...names: string[]): string | undefined {
  const name = names.find((candidate) => fields.has(candidate));
  const value = name === undefined ? undefined : fields.get(name);
  return value === undefined ? undefined : substituteText(value, variables);
}

function isReadOnly(fields: Map<string, string>): boolean {
  const value = fields.get('readonly') ?? fields.get('ro');
  return value === 'true' || value === '1' || value === '';
}

function trimSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
