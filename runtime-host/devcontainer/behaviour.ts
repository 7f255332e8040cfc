import { BerthError } from '../protocol/errors.ts';
import { parseSecurityOption } from '../protocol/values/worldValues.ts';
import type { WorldOptions } from '../protocol/worldOptions.ts';
import { isGuestFolder } from './guestFolders.ts';
import { readHostRequirements, type HostRequirements } from './hostRequirements.ts';
import { isObject } from './jsonText.ts';
import type { shutdownActions, userEnvProbes } from './knownProperties.ts';
import { noLifecycle, readLifecycle, type Lifecycle } from './lifecycle.ts';
import type { MergedConfiguration } from './mergeConfiguration.ts';

/** How a folder's container lives, and what is done in it. */
export interface Behaviour {
  readonly lifecycle: Lifecycle;
  /** Which shell's environment programs get. */
  readonly userEnvProbe: (typeof userEnvProbes)[number];
  /** The container just waits, instead of running the image's command. */
  readonly overrideCommand: boolean;
  /** Programs that the image wants to be run first, by its metadata. */
  readonly entrypoints: readonly string[];
  /** What happens when no window uses the container any more. */
  readonly shutdownAction: Exclude<(typeof shutdownActions)[number], 'stopCompose'>;
  readonly updateRemoteUserUID: boolean;
  readonly hostRequirements?: HostRequirements;
  /** What its processes may do, and what they find around them. */
  readonly world: WorldOptions;
  /** Offered to the user, as the configuration has them. */
  readonly vscode: { readonly extensions: readonly string[]; readonly settings: Readonly<Record<string, unknown>> };
  /** Folders of the workspace, seen from it, that live on the container's own disk (`customizations.berth.guestFolders`). */
  readonly guestFolders: readonly string[];
  /** What mounted directories are for, in words for the user, by their places in the container (`customizations.berth.purposes`). */
  readonly purposes: Readonly<Record<string, string>>;
}

export const defaultBehaviour: Behaviour = {
  lifecycle: noLifecycle, userEnvProbe: 'loginInteractiveShell', overrideCommand: true, entrypoints: [], shutdownAction: 'stopContainer', updateRemoteUserUID: true, world: {},
  vscode: { extensions: [], settings: {} }, guestFolders: [], purposes: {},
};

/**
 * @param merged what has been checked against the table of known properties
 * @throws BerthError DevContainerInvalid when a security option cannot be meant
 */
export function readBehaviour(merged: MergedConfiguration, file: string): Behaviour {
  const given = <Name extends keyof Behaviour>(name: Name): Behaviour[Name] => (merged[name] ?? defaultBehaviour[name]) as Behaviour[Name];
  const hostRequirements = readHostRequirements(merged['hostRequirements']);
  const { capAdd, securityOpt = [], init, privileged, entrypoints = [] } = merged;
  return {
    lifecycle: readLifecycle(merged),
    userEnvProbe: given('userEnvProbe'),
    overrideCommand: given('overrideCommand'),
    entrypoints,
    shutdownAction: merged['shutdownAction'] === 'none' ? 'none' : 'stopContainer',
    updateRemoteUserUID: given('updateRemoteUserUID'),
    ...(hostRequirements && { hostRequirements }),
    world: { ...(init && { init }), ...(privileged && { privileged }), ...(capAdd && { capAdd }), ...securityOptions(securityOpt, file) },
    vscode: { extensions: wanted(partsFor(merged, 'vscode').flatMap((part) => textsOf(part['extensions']))), settings: Object.assign({}, ...partsFor(merged, 'vscode').map(({ settings }) => settings)) as Record<string, unknown> },
    guestFolders: checkedFolders([...new Set(partsFor(merged, 'berth').flatMap((part) => textsOf(part['guestFolders'])))], file),
    purposes: Object.assign({}, ...partsFor(merged, 'berth').map(({ purposes }) => purposes)) as Record<string, string>,
  };
}

function checkedFolders(folders: readonly string[], file: string): readonly string[] {
  const wrong = folders.find((folder) => !isGuestFolder(folder));
  if (wrong !== undefined) throw new BerthError('DevContainerInvalid', `“customizations.berth.guestFolders” in ${file} has “${wrong}”, which is not a folder inside the workspace. Write it as in node_modules or packages/web/node_modules.`);
  return folders;
}

/** What each source has for one tool, the file's last. */
function partsFor({ customizations = {} }: MergedConfiguration, tool: string): readonly Readonly<Record<string, unknown>>[] {
  return (customizations[tool] ?? []).filter(isObject);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** A name with “-” before it takes away what came earlier. */
function wanted(extensions: readonly string[]): string[] {
  const all = new Map<string, string>();
  for (const name of extensions) {
    const removed = name.startsWith('-');
    if (removed) all.delete(name.slice(1).toLowerCase());
    else all.set(name.toLowerCase(), name);
  }
  return [...all.values()];
}

function securityOptions(words: readonly string[], file: string): WorldOptions {
  return Object.assign({}, ...words.map((word) => {
    try {
      return parseSecurityOption(word);
    } catch (error) {
      throw new BerthError('DevContainerInvalid', `“securityOpt” in ${file} has the entry “${word}”. ${(error as Error).message}`, { data: { property: 'securityOpt' } });
    }
  })) as WorldOptions;
}
