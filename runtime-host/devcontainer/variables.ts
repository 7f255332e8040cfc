import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { BerthError } from '../protocol/errors.ts';
import { isObject } from './jsonText.ts';

/** What `${…}` in a devcontainer.json may refer to. */
export interface Variables {
  readonly localFolder: string;
  /** Absent as long as it is not known. */
  readonly containerFolder?: string;
  readonly localEnv: NodeJS.ProcessEnv;
  /** See {@link devcontainerId}. Absent: it stays as it is written. */
  readonly id?: string;
}

/**
 * Replaces, in every text of a value, the variables that are known before a container exists; others, such as
 * `${containerEnv:…}`, stay. Names of members are left alone.
 * @throws BerthError DevContainerInvalid when a variable of the environment has no name
 */
export function substitute<Value>(value: Value, variables: Variables, file: string): Value {
  if (typeof value === 'string') return substituteText(value, variables, file) as Value;
  if (Array.isArray(value)) return value.map((entry: unknown) => substitute(entry, variables, file)) as Value;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, substitute(entry, variables, file)])) as Value;
}

function substituteText(text: string, variables: Variables, file: string): string {
  return text.replace(/\$\{(.*?)\}/g, (all, expression: string) => lookUp(expression, variables, () => noName(all, file)) ?? all);
}

/**
 * A name for a container that stays the same when it is made anew, of 52 letters and digits.
 * @param labels what tells the container from others (specification, “Dev Container ID”)
 */
export function devcontainerId(labels: Readonly<Record<string, string>>): string {
  const sorted = JSON.stringify(labels, Object.keys(labels).sort());
  return BigInt(`0x${createHash('sha256').update(sorted, 'utf8').digest('hex')}`).toString(32).padStart(52, '0');
}

/** Of a folder's container, as the public tools compute it. */
export function folderContainerId(folder: string, file: string | undefined): string {
  return devcontainerId({ 'devcontainer.local_folder': folder, ...(file !== undefined && { 'devcontainer.config_file': file }) });
}

function lookUp(expression: string, { localFolder, containerFolder, localEnv, id }: Variables, noName: () => BerthError): string | undefined {
  const [kind, name, fallback = ''] = expression.split(':');
  switch (kind) {
    case 'localWorkspaceFolder': return localFolder;
    case 'localWorkspaceFolderBasename': return posix.basename(localFolder);
    case 'containerWorkspaceFolder': return containerFolder;
    case 'containerWorkspaceFolderBasename': return containerFolder === undefined ? undefined : posix.basename(containerFolder);
    case 'devcontainerId': return id;
    case 'localEnv':
    case 'env':
      if (name === undefined) throw noName();
      return localEnv[name] ?? fallback;
    default: return undefined;
  }
}

function noName(expression: string, file: string): BerthError {
  return new BerthError('DevContainerInvalid', `${file} has “${expression}”, which names no variable. Write \${localEnv:NAME}.`);
}
