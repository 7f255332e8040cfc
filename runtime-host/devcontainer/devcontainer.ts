import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { BerthError } from '../protocol/errors.ts';
import type { Mount } from '../protocol/types.ts';
import { defaultBehaviour, readBehaviour, type Behaviour } from './behaviour.ts';
import { noConnections, readConnections, type Connections } from './connections.ts';
import { isObject, parseObject } from './jsonText.ts';
import { parseMount } from './mountSyntax.ts';
import { noPortSettings, readPortSettings, type PortSettings } from './portAttributes.ts';
import { substituteAll, type Variables } from './variables.ts';

/**
 * What Berth takes from a devcontainer.json (https://containers.dev/implementors/json_reference/). Everything is
 * resolved: variables are replaced and paths are absolute.
 */
export interface DevContainer extends Behaviour {
  /** Absent when the file names none: then the user is asked. */
  readonly image?: string;
  readonly name?: string;
  /** Where the folder appears inside the container, and whether it can only be read there. */
  readonly workspaceMount: Pick<Mount, 'target' | 'readOnly'>;
  /** Where terminals start. */
  readonly workspaceFolder: string;
  /** For every process of the container. */
  readonly containerEnv: Readonly<Record<string, string>>;
  /** For terminals; `${containerEnv:…}` is left for {@link resolveRemoteEnv}. */
  readonly remoteEnv: Readonly<Record<string, string>>;
  readonly containerUser?: string;
  readonly remoteUser?: string;
  /** Folders beside the workspace folder that the file asks for. */
  readonly mounts: readonly Mount[];
  /** What is forwarded while it runs, and how. */
  readonly ports: PortSettings;
  readonly connections: Connections;
  /** Properties that are present, matter, and are not supported yet. */
  readonly ignored: readonly string[];
}

/** A devcontainer.json that cannot be used. */
function unusable(sentence: string): BerthError {
  return new BerthError('DevContainerInvalid', sentence);
}

export interface DevContainerContext {
  /** The folder's real path on the host. */
  readonly localFolder: string;
  readonly localEnv: NodeJS.ProcessEnv;
  /** How the file is called in messages. */
  readonly fileName?: string;
}

const refused: Readonly<Record<string, string>> = {
  build: 'builds its image from a Dockerfile (“build”)',
  dockerFile: 'builds its image from a Dockerfile (“dockerFile”)',
  dockerComposeFile: 'uses Docker Compose (“dockerComposeFile”)',
  features: 'adds Dev Container Features (“features”)',
};

const ignoredProperties = ['secrets'];

/** What applies when a folder has no devcontainer.json. */
export function defaultDevContainer(context: DevContainerContext): DevContainer {
  const target = defaultTarget(context.localFolder);
  return { workspaceMount: { target, readOnly: false }, workspaceFolder: target, containerEnv: {}, remoteEnv: {}, mounts: [], ports: noPortSettings, connections: noConnections, ...defaultBehaviour, ignored: [] };
}

/**
 * Reads the text of a devcontainer.json.
 * @throws BerthError DevContainerInvalid when it is not JSON with comments, has a value of the wrong type, or needs what Berth lacks.
 */
export function parseDevContainer(text: string, context: DevContainerContext): DevContainer {
  const file = context.fileName ?? 'devcontainer.json';
  const root = parseObject(text, file);
  refuseUnsupported(root, file);
  const read = reader(root, file);
  const defaults = defaultDevContainer(context);

  const variables: Variables = { localFolder: context.localFolder, localEnv: context.localEnv, containerFolder: defaults.workspaceFolder };
  const givenMount = read.string('workspaceMount');
  const givenFolder = substitute(read.string('workspaceFolder'), variables);
  const workspaceMount = workspaceMountOf(givenMount, givenFolder, variables, defaults.workspaceMount.target, file);
  const workspaceFolder = givenFolder ?? workspaceMount.target;
  if (!posix.isAbsolute(workspaceFolder)) throw unusable(`“workspaceFolder” in ${file} must be an absolute path; it is “${workspaceFolder}”.`);

  const resolved: Variables = { ...variables, containerFolder: workspaceFolder };
  const image = substitute(read.string('image'), resolved)?.trim();
  const name = read.string('name');
  const containerUser = read.string('containerUser');
  const remoteUser = read.string('remoteUser');
  const { connections, ignoredArguments } = readConnections(root, file);
  return {
    ...(image ? { image } : {}),
    ...(name ? { name } : {}),
    ...(containerUser ? { containerUser } : {}),
    ...(remoteUser ? { remoteUser } : {}),
    workspaceMount,
    workspaceFolder,
    containerEnv: substituteAll(read.environment('containerEnv'), resolved),
    remoteEnv: substituteAll(read.environment('remoteEnv'), resolved),
    mounts: read.list('mounts').map((entry) => parseMountOrThrow(entry, resolved, file)),
    ports: readPortSettings(root, file),
    connections,
    ...readBehaviour(root, file),
    ignored: [...ignoredProperties.filter((property) => isMeaningful(root[property])), ...ignoredArguments.map((argument) => `runArgs: ${argument}`)],
  };
}

/** Replaces `${containerEnv:NAME}` with what the container has. */
export function resolveRemoteEnv(remoteEnv: Readonly<Record<string, string>>, containerEnv: readonly string[]): string[] {
  const known = new Map(containerEnv.map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  }));
  const replace = (value: string): string => value.replace(/\$\{containerEnv:([^:}]+)(?::([^}]*))?\}/g, (_all, name: string, fallback?: string) => known.get(name) ?? fallback ?? '');
  return Object.entries(remoteEnv).map(([name, value]) => `${name}=${replace(value)}`);
}

/**
 * Changes when the container would have to be made anew. Terminals' settings (remoteEnv, remoteUser) do not count, nor do
 * forwarded ports and the network's policy, which change while it runs.
 */
export function configurationHash(config: DevContainer, image: string): string {
  const { options: { policy: _policy, ...options }, hostname, sshAgent } = config.connections;
  const connections = { ...options, hostname, sshAgent };
  const hasSome = Object.values(connections).some((value) => value !== undefined);
  // What is as it always was adds nothing, so that a newer Berth finds older containers as they should be.
  const world = { ...config.world, ...(!config.overrideCommand && { overrideCommand: false }) };
  const relevant = [image, config.workspaceMount, config.containerEnv, config.containerUser ?? '', config.mounts, ...(hasSome ? [connections] : []), ...(Object.keys(world).length > 0 ? [world] : [])];
  return createHash('sha256').update(JSON.stringify(relevant)).digest('hex').slice(0, 16);
}

function refuseUnsupported(root: Record<string, unknown>, file: string): void {
  for (const [property, explanation] of Object.entries(refused)) {
    if (!isMeaningful(root[property])) continue;
    throw unusable(`${file} ${explanation}, which Berth cannot do yet. Name a ready image with “image” instead.`);
  }
}

function isMeaningful(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** Reads properties and complains about the wrong type. */
function reader(root: Record<string, unknown>, file: string) {
  const wrong = (property: string, wanted: string): BerthError => unusable(`“${property}” in ${file} must be ${wanted}.`);
  return {
    string(property: string): string | undefined {
      const value = root[property];
      if (value === undefined || value === null) return undefined;
      if (typeof value !== 'string') throw wrong(property, 'a text');
      return value;
    },
    /** A null value means "unset" in the specification; Berth has nothing to unset, so it is left out. */
    environment(property: string): Record<string, string> {
      const value = root[property];
      if (value === undefined || value === null) return {};
      if (!isObject(value)) throw wrong(property, 'an object of texts');
      const result: Record<string, string> = {};
      for (const [name, entry] of Object.entries(value)) {
        if (entry === null) continue;
        if (typeof entry !== 'string') throw wrong(`${property}.${name}`, 'a text');
        result[name] = entry;
      }
      return result;
    },
    list(property: string): readonly unknown[] {
      const value = root[property];
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) throw wrong(property, 'a list');
      return value;
    },
  };
}

/** The mount if the file gives one; else the usual place, unless “workspaceFolder” lies elsewhere. */
function workspaceMountOf(mount: string | undefined, folder: string | undefined, variables: Variables, usual: string, file: string): DevContainer['workspaceMount'] {
  if (mount) {
    const parsed = parseMountOrThrow(mount, variables, file);
    if (parsed.source !== variables.localFolder) {
      throw unusable(`“workspaceMount” in ${file} must have \${localWorkspaceFolder} as its source.`);
    }
    return { target: parsed.target, readOnly: parsed.readOnly };
  }
  const isInside = folder === undefined || folder === usual || folder.startsWith(`${usual}/`);
  return { target: isInside ? usual : folder, readOnly: false };
}

function parseMountOrThrow(entry: unknown, variables: Variables, file: string): Mount {
  const result = parseMount(entry, variables);
  if (typeof result === 'string') throw unusable(`A mount in ${file} cannot be used: ${result}`);
  return result;
}

function substitute(text: string | undefined, variables: Variables): string | undefined {
  return text === undefined ? undefined : substituteAll({ text }, variables)['text'];
}

function defaultTarget(localFolder: string): string {
  return `/workspaces/${posix.basename(localFolder) || 'workspace'}`;
}
