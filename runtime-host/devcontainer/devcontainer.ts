import { posix } from 'node:path';
import { BerthError } from '../protocol/errors.ts';
import type { Mount } from '../protocol/types.ts';
import type { MountValue } from '../protocol/values/mountValues.ts';
import type { VolumeMount } from '../protocol/volumes.ts';
import type { Tmpfs } from '../protocol/worldOptions.ts';
import { readBehaviour, type Behaviour } from './behaviour.ts';
import { checkConfiguration, checkMetadata, ignoredProperties, readConfigurationText } from './configurationText.ts';
import { readConnections, type Connections } from './connections.ts';
import { metadataLabel, readImageMetadata } from './imageMetadata.ts';
import { mergeConfiguration, type Configuration, type MergedConfiguration } from './mergeConfiguration.ts';
import { parseMount } from './mountSyntax.ts';
import { readPortSettings, type PortSettings } from './portAttributes.ts';
import { about, readRunArguments, type RunArguments } from './runArguments.ts';
import { folderContainerId, substitute, type Variables } from './variables.ts';

/**
 * What Berth takes from a devcontainer.json (https://containers.dev/implementors/json_reference/) and its image's
 * metadata. Everything is resolved: variables are replaced and paths are absolute.
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
  readonly volumes: readonly VolumeMount[];
  /** Labels that the container gets besides. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the file says about the virtual machine, whatever the settings say. */
  readonly machine: RunArguments['machine'];
  /** What is forwarded while it runs, and how. */
  readonly ports: PortSettings;
  readonly connections: Connections;
  /** Properties that are present, matter, and are not supported yet. */
  readonly ignored: readonly string[];
}

export interface DevContainerContext {
  /** The folder's real path on the host. */
  readonly localFolder: string;
  readonly localEnv: NodeJS.ProcessEnv;
  /** How the file is called in messages. */
  readonly fileName?: string;
  /** Its absolute path. */
  readonly file?: string;
  /** Of the image, once it is local. */
  readonly imageLabels?: Readonly<Record<string, string>>;
}

/** What applies when a folder has no devcontainer.json. */
export function defaultDevContainer(context: DevContainerContext): DevContainer {
  return parseDevContainer('{}', context);
}

/**
 * Reads the text of a devcontainer.json.
 * @throws BerthError DevContainerInvalid when it is not JSON with comments, has a value of the wrong type, or needs what Berth lacks.
 */
export function parseDevContainer(text: string, context: DevContainerContext): DevContainer {
  const file = context.fileName ?? 'devcontainer.json';
  checkConfiguration(text, file);
  const written = readConfigurationText(text, file);
  const place = placeOf(written, context, file);
  const variables = variablesOf(context, place.workspaceFolder);
  const root = substitute(written, variables, file);
  const metadata = readImageMetadata(context.imageLabels);
  checkMetadata(metadata ?? []);
  const merged = mergeConfiguration(root, substitute(metadata ?? [], variables, metadataLabel));
  const run = readRunArguments((root['runArgs'] ?? []) as readonly string[], { file, folder: context.localFolder, environment: context.localEnv });
  const { volumes, mounts, tmpfs } = mountsOf(merged, run, file);
  const behaviour = readBehaviour(merged, file);
  return {
    ...namesOf(merged, run),
    ...place,
    containerEnv: { ...run.env, ...withoutNull(merged.containerEnv) },
    remoteEnv: withoutNull(merged.remoteEnv),
    mounts,
    volumes,
    labels: run.labels,
    machine: run.machine,
    ports: readPortSettings(merged, file),
    connections: readConnections(root, run, file),
    ...behaviour,
    world: { ...behaviour.world, ...run.world, ...together(behaviour.world.capAdd, run.world.capAdd), ...(tmpfs.length > 0 && { tmpfs }) },
    ignored: ignoredOf(root, merged, run, metadata === undefined),
  };
}

/** Replaces `${containerEnv:NAME}` with what the container has. */
export function resolveRemoteEnv(remoteEnv: Readonly<Record<string, string>>, containerEnv: readonly string[]): string[] {
  const known = new Map(containerEnv.map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  }));
  const replace = (value: string): string => value.replace(/\$\{containerEnv:([^:}]+)(?::([^:}]*)[^}]*)?\}/g, (_all, name: string, fallback?: string) => known.get(name) ?? fallback ?? '');
  return Object.entries(remoteEnv).map(([name, value]) => `${name}=${replace(value)}`);
}

/** Where a folder is shared when nobody says where. */
export function defaultTarget(localFolder: string): string {
  return `/workspaces/${posix.basename(localFolder) || 'workspace'}`;
}

function variablesOf({ localFolder, localEnv, file }: DevContainerContext, containerFolder: string): Variables {
  return { localFolder, localEnv, containerFolder, id: folderContainerId(localFolder, file) };
}

/** The mount if the file gives one; else the usual place, unless “workspaceFolder” lies elsewhere. */
function placeOf(written: Configuration, context: DevContainerContext, file: string): Pick<DevContainer, 'workspaceMount' | 'workspaceFolder'> {
  const usual = defaultTarget(context.localFolder);
  const { workspaceFolder: givenFolder, workspaceMount: givenMount } = substitute(
    { workspaceFolder: written['workspaceFolder'] ?? undefined, workspaceMount: written['workspaceMount'] ?? undefined } as { workspaceFolder?: string; workspaceMount?: string },
    variablesOf(context, usual), file,
  );
  if (givenFolder !== undefined && !posix.isAbsolute(givenFolder)) throw unusable(`“workspaceFolder” in ${file} must be an absolute path; it is “${givenFolder}”.`);
  if (givenMount) {
    const value = about(`“workspaceMount” in ${file} cannot be used`, () => parseMount(givenMount));
    if (value.kind !== 'bind' || value.mount.source !== context.localFolder) throw unusable(`“workspaceMount” in ${file} must have \${localWorkspaceFolder} as its source.`);
    const { target, readOnly } = value.mount;
    return { workspaceMount: { target, readOnly }, workspaceFolder: givenFolder ?? target };
  }
  const isInside = givenFolder === undefined || givenFolder === usual || givenFolder.startsWith(`${usual}/`);
  return { workspaceMount: { target: isInside ? usual : givenFolder, readOnly: false }, workspaceFolder: givenFolder ?? usual };
}

function namesOf(merged: MergedConfiguration, run: RunArguments): Pick<DevContainer, 'image' | 'name' | 'containerUser' | 'remoteUser'> {
  const textOf = (name: string): string | undefined => (typeof merged[name] === 'string' && merged[name].trim() !== '' ? merged[name].trim() : undefined);
  const [image, name, containerUser, remoteUser] = [textOf('image'), textOf('name') ?? run.name, textOf('containerUser') ?? run.user, textOf('remoteUser')];
  return { ...(image && { image }), ...(name && { name }), ...(containerUser && { containerUser }), ...(remoteUser && { remoteUser }) };
}

function mountsOf(merged: MergedConfiguration, run: RunArguments, file: string): { readonly mounts: Mount[]; readonly volumes: VolumeMount[]; readonly tmpfs: Tmpfs[] } {
  const values = (merged.mounts ?? []).map((entry) => about(`A mount in ${file} cannot be used: ${shown(entry)}`, () => parseMount(entry)));
  const of = <Kind extends MountValue['kind']>(kind: Kind) => values.flatMap((value) => (value.kind === kind ? [value.mount as Extract<MountValue, { kind: Kind }>['mount']] : []));
  return { mounts: [...of('bind'), ...run.mounts], volumes: [...of('volume'), ...run.volumes], tmpfs: [...of('tmpfs'), ...(run.world.tmpfs ?? [])] };
}

function shown(entry: unknown): string {
  return typeof entry === 'string' ? `“${entry}”` : JSON.stringify(entry);
}

function together(one: readonly string[] = [], other: readonly string[] = []): { capAdd?: string[] } {
  const all = [...new Set([...one, ...other])];
  return all.length > 0 ? { capAdd: all } : {};
}

/** A null takes away what an image's metadata has. */
function withoutNull(values: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null));
}

function ignoredOf(root: Configuration, { overrideCommand, entrypoints = [], hostRequirements }: MergedConfiguration, run: RunArguments, damaged: boolean): string[] {
  const { gpu } = (hostRequirements ?? {}) as { gpu?: unknown };
  return [
    ...ignoredProperties(root),
    ...(gpu && gpu !== 'optional' ? ['hostRequirements.gpu'] : []),
    ...(overrideCommand === false && entrypoints.length > 0 ? ['entrypoint of the image’s metadata'] : []),
    ...(damaged ? [`${metadataLabel} of the image`] : []),
    ...[...new Set(run.ignored)].map((argument) => `runArgs: ${argument}`),
  ];
}

function unusable(sentence: string): BerthError {
  return new BerthError('DevContainerInvalid', sentence);
}
