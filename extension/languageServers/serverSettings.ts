import { posix } from 'node:path';

/** A language server of the setting `berth.languageServers`. */
export interface ServerSetting {
  readonly name: string;
  /** A program in the container and its arguments; it speaks over its standard input and output. */
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of documents it looks after: identifiers of languages, and glob patterns relative to the folder. */
  readonly languages: readonly string[];
  readonly patterns: readonly string[];
  readonly initializationOptions?: unknown;
}

/** What the setting says, and what is wrong with the rest of it. */
export interface ServerSettings {
  readonly servers: readonly ServerSetting[];
  readonly problems: readonly string[];
}

export function readServerSettings(value: unknown): ServerSettings {
  const servers: ServerSetting[] = [];
  const problems: string[] = [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  for (const [index, entry] of list.entries()) {
    const read = readServer(entry);
    const name = typeof read === 'string' ? undefined : read.name;
    if (typeof read === 'string') problems.push(`Entry ${index + 1} of “berth.languageServers”: ${read}.`);
    else if (servers.some((each) => each.name === name)) problems.push(`“berth.languageServers” has two servers called “${name}”.`);
    else servers.push(read);
  }
  return { servers, problems };
}

function readServer(entry: unknown): ServerSetting | string {
  if (typeof entry !== 'object' || entry === null) return 'it is no object';
  const { name, command, cwd, env = {}, languages = [], patterns = [], initializationOptions } = entry as Record<string, unknown>;
  if (!isTexts(command) || command.length === 0) return '“command” is to be a list of texts: a program and its arguments';
  if (name !== undefined && typeof name !== 'string') return '“name” is to be a text';
  if (cwd !== undefined && typeof cwd !== 'string') return '“cwd” is to be a path';
  if (!isTexts(languages) || !isTexts(patterns)) return '“languages” and “patterns” are to be lists of texts';
  if (languages.length + patterns.length === 0) return 'it has neither “languages” nor “patterns”, so it would look after nothing';
  if (typeof env !== 'object' || env === null || Array.isArray(env)) return '“env” is to be an object of texts';
  return {
    name: name ?? posix.basename(command[0] ?? ''), command, languages, patterns,
    env: Object.fromEntries(Object.entries(env).map(([key, text]) => [key, String(text)])),
    ...(cwd !== undefined && { cwd }), ...(initializationOptions !== undefined && { initializationOptions }),
  };
}

/** A glob pattern for a path: what would have a meaning in it stands for any one character, as VS Code has no way to quote it everywhere. */
export function globOf(path: string): string {
  return path.replace(/[*?[\]{}]/g, '?');
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
