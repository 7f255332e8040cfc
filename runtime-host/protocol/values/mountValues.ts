import { resolve } from 'node:path';
import type { Mount } from '../types.ts';
import { volumeDrivers, type VolumeDriver, type VolumeMount } from '../volumes.ts';
import { InvalidValue } from './invalidValue.ts';
import { parseBoolean, parseBytes, parseLabel } from './plainValues.ts';

/** What `--volume` and `--mount` ask for. */
export type MountValue =
  | { readonly kind: 'bind'; readonly mount: Mount }
  | { readonly kind: 'volume'; readonly mount: VolumeMount }
  | { readonly kind: 'tmpfs'; readonly mount: { readonly target: string; readonly options?: string } };

/** What docker takes for labels of SELinux and for caches of Docker Desktop, and what makes no difference here. */
const meaningless = new Set(['z', 'Z', 'cached', 'delegated', 'consistent']);

/**
 * `HOST:TARGET[:OPTIONS]`, where HOST has a slash or begins with a point, `NAME:TARGET[:OPTIONS]`, or `TARGET` for an
 * anonymous volume. Options are `ro`, `rw`, for
 * directories `force` and for volumes `nocopy`.
 */
export function parseVolume(text: string, workingDirectory = process.cwd()): MountValue {
  const match = /^(?:(?<source>[^:]+|[A-Za-z]:[\\/][^:]*):)?(?<target>\/[^:]*)(?::(?<options>[^:]+))?$/.exec(text);
  if (!match?.groups) throw new InvalidValue('Write HOST:TARGET or VOLUME:TARGET, where TARGET is an absolute path in the container; “:ro” after it forbids writing.');
  const { source, target = '', options = '' } = match.groups;
  const isBind = source !== undefined && /^\.|[\\/]/.test(source);
  let readOnly = false;
  let noCopy = false;
  let force = false;
  for (const option of options.split(',').filter((word) => word !== '' && !meaningless.has(word))) {
    if (option === 'ro' || option === 'rw') readOnly = option === 'ro';
    else if (option === 'nocopy' && !isBind) noCopy = true;
    else if (option === 'force' && isBind) force = true;
    else throw new InvalidValue(`“${option}” is not an option that it can have; “ro” and “rw” are, “force” for directories and “nocopy” for volumes.`);
  }
  if (isBind) return { kind: 'bind', mount: { source: resolve(workingDirectory, source), target, readOnly, ...(force && { force }) } };
  return { kind: 'volume', mount: { ...(source !== undefined && { volume: source }), target, readOnly, ...(noCopy && { noCopy }) } };
}

const aliases: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly' };
const known: Readonly<Record<string, readonly string[]>> = {
  bind: ['type', 'source', 'target', 'readonly', 'force', 'bind-propagation', 'consistency', 'bind-recursive'],
  volume: ['type', 'source', 'target', 'readonly', 'volume-nocopy', 'volume-driver', 'volume-opt', 'volume-label', 'consistency'],
  tmpfs: ['type', 'target', 'readonly', 'tmpfs-size', 'tmpfs-mode'],
};

/** Docker's `type=bind|volume|tmpfs,source=…,target=…[,readonly]`; without a type it is a volume. */
export function parseMountOption(text: string, workingDirectory = process.cwd()): MountValue {
  const fields = fieldsOf(text);
  const type = fields.get('type') ?? 'volume';
  const allowed = Object.hasOwn(known, type) ? known[type] : undefined;
  if (!allowed) throw new InvalidValue(`“${type}” is not a type of mounts; bind, volume and tmpfs are.`);
  const unknown = [...fields.keys()].find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new InvalidValue(`A mount of the type ${type} has no “${unknown}”.`);
  const target = fields.get('target') ?? '';
  if (!target.startsWith('/')) throw new InvalidValue('Write target=PATH, an absolute path in the container.');
  const readOnly = isSet(fields, 'readonly');
  const source = fields.get('source');
  if (type === 'tmpfs') return { kind: 'tmpfs', mount: { target, ...tmpfsOptions(fields, readOnly) } };
  if (type === 'bind') {
    if (!source) throw new InvalidValue('Write source=PATH, a directory of yours.');
    return { kind: 'bind', mount: { source: resolve(workingDirectory, source), target, readOnly, ...(isSet(fields, 'force') && { force: true }) } };
  }
  return { kind: 'volume', mount: { ...(source && { volume: source }), target, readOnly, ...newVolumeOf(fields), ...(isSet(fields, 'volume-nocopy') && { noCopy: true }) } };
}

/** What a volume is to be, if it has to be made. */
function newVolumeOf(fields: ReadonlyMap<string, string | undefined>): Pick<VolumeMount, 'driver' | 'sizeBytes' | 'labels'> {
  const driver = driverOf(fields.get('volume-driver'));
  const sizeBytes = valuesOf(fields, 'volume-opt').map(parseVolumeOption).at(-1);
  const labels = valuesOf(fields, 'volume-label').map(parseLabel);
  return { ...(driver && { driver }), ...(sizeBytes !== undefined && { sizeBytes }), ...(labels.length > 0 && { labels: Object.fromEntries(labels) }) };
}

/**
 * `size=SIZE`, the only option that a volume has.
 * @throws InvalidValue which says what else there is for what docker's volumes do with options
 */
export function parseVolumeOption(text: string): number {
  const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
  if (name === 'size') return parseBytes(value);
  const instead = ['type', 'device', 'o'].includes(name) ? ' It is a disk or a directory of Berth’s own; for a directory of yours use a bind mount (-v DIRECTORY:TARGET), for memory --tmpfs.' : '';
  throw new InvalidValue(`A volume has no option “${name}”, only size=SIZE.${instead}`);
}

/** @throws InvalidValue */
export function driverOf(text: string | undefined): VolumeDriver | undefined {
  if (text === undefined || text === '') return undefined;
  // What docker calls its only one.
  const driver = text === 'local' ? 'ext4' : volumeDrivers.find((name) => name === text);
  if (!driver) throw new InvalidValue(`“${text}” is not a driver of volumes; ${volumeDrivers.join(' and ')} are.`);
  return driver;
}

/** Comma-separated as in a CSV file: a field that holds a comma stands in quotation marks. */
function fieldsOf(text: string): Map<string, string | undefined> {
  const fields = new Map<string, string | undefined>();
  for (const [, quoted, plain] of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    const field = quoted?.replaceAll('""', '"') ?? plain ?? '';
    const equals = field.indexOf('=');
    const name = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    if (name === '') throw new InvalidValue('Write NAME=VALUE fields with commas between them.');
    const key = aliases[name] ?? name;
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    const before = repeatable.has(key) ? fields.get(key) : undefined;
    fields.set(key, before === undefined ? value : `${before}${separator}${value ?? ''}`);
  }
  return fields;
}

/** Fields that may come several times; no field of an argument can hold the separator. */
const repeatable = new Set(['volume-opt', 'volume-label']);
const separator = '\0';

function valuesOf(fields: ReadonlyMap<string, string | undefined>, name: string): string[] {
  return fields.has(name) ? (fields.get(name) ?? '').split(separator) : [];
}

/** A field without a value is true. */
function isSet(fields: ReadonlyMap<string, string | undefined>, name: string): boolean {
  return fields.has(name) && parseBoolean(fields.get(name) ?? 'true');
}

function tmpfsOptions(fields: ReadonlyMap<string, string | undefined>, readOnly: boolean): { options?: string } {
  const size = fields.get('tmpfs-size');
  const mode = fields.get('tmpfs-mode');
  const options = [...(size ? [`size=${size}`] : []), ...(mode ? [`mode=${mode}`] : []), ...(readOnly ? ['ro'] : [])];
  return options.length > 0 ? { options: options.join(',') } : {};
}
