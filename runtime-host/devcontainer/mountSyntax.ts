import { posix } from 'node:path';
import type { Mount } from '../protocol/types.ts';
import { parseMountOption, type MountValue } from '../protocol/values/mountValues.ts';
import { isObject } from './jsonText.ts';

/**
 * One entry of `mounts`, with its variables replaced: Docker's `--mount` text (`type=bind,source=…,target=…,readonly`) or
 * the same as an object. Without a type it is a directory where the source is a path, and a volume otherwise.
 * @throws InvalidValue which says what to write
 */
export function parseMount(entry: unknown): MountValue {
  const fields = typeof entry === 'string' ? withType(entry) : fieldsOfObject(isObject(entry) ? entry : {});
  const value = parseMountOption(fields, '');
  if (value.kind !== 'bind') return { ...value, mount: { ...value.mount, target: trimSlash(value.mount.target) } } as MountValue;
  return { kind: 'bind', mount: bindOf(value.mount, fields) };
}

/** Only absolute paths mean the same to everybody, and a file that comes with a folder forces nothing. */
function bindOf({ source, target, readOnly }: Mount, fields: string): Mount {
  const [, written = source] = /(?:^|,)"?(?:source|src)=([^,"]*)/i.exec(fields) ?? [];
  if (!posix.isAbsolute(written)) throw new Error(`Its source “${written}” must be an absolute path, such as \${localWorkspaceFolder}/${written}.`);
  return { source: trimSlash(source), target: trimSlash(target), readOnly };
}

function withType(text: string): string {
  if (/(?:^|,)\s*type=/i.test(text)) return text;
  const [, source = ''] = /(?:^|,)\s*(?:source|src)=([^,]*)/i.exec(text) ?? [];
  return `type=${source.includes('/') ? 'bind' : 'volume'},${text}`;
}

/** `external` is Docker Compose's. */
function fieldsOfObject({ external: _external, ...entry }: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(entry).filter(([, value]) => value !== null && value !== undefined && typeof value !== 'object');
  return withType(fields.map(([name, value]) => quoted(`${name}=${String(value)}`)).join(','));
}

/** As in a CSV file. */
function quoted(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function trimSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
