import { BerthError } from '../protocol/errors.ts';
import type { WorldOptions } from '../protocol/worldOptions.ts';
import { parseSecurityOption } from '../protocol/values/worldValues.ts';
import { readHostRequirements, type HostRequirements } from './hostRequirements.ts';
import { isObject } from './jsonText.ts';
import { noLifecycle, readLifecycle, type Lifecycle } from './lifecycle.ts';

export const userEnvProbes = ['none', 'loginShell', 'interactiveShell', 'loginInteractiveShell'] as const;
export const shutdownActions = ['none', 'stopContainer'] as const;

/** How a folder's container lives, and what is done in it. */
export interface Behaviour {
  readonly lifecycle: Lifecycle;
  /** Which shell's environment programs get. */
  readonly userEnvProbe: (typeof userEnvProbes)[number];
  /** The container just waits, instead of running the image's command. */
  readonly overrideCommand: boolean;
  /** What happens when no window uses the container any more. */
  readonly shutdownAction: (typeof shutdownActions)[number];
  readonly updateRemoteUserUID: boolean;
  readonly hostRequirements?: HostRequirements;
  /** What its processes may do, and what they find around them. */
  readonly world: WorldOptions;
  /** Offered to the user, as the file has them. */
  readonly vscode: { readonly extensions: readonly string[]; readonly settings: Readonly<Record<string, unknown>> };
  /** Folders of the workspace, seen from it, that live on the container's own disk (`customizations.berth.guestFolders`). */
  readonly guestFolders: readonly string[];
}

export const defaultBehaviour: Behaviour = {
  lifecycle: noLifecycle, userEnvProbe: 'loginInteractiveShell', overrideCommand: true, shutdownAction: 'stopContainer', updateRemoteUserUID: true, world: {},
  vscode: { extensions: [], settings: {} }, guestFolders: [],
};

/** @throws BerthError DevContainerInvalid */
export function readBehaviour(root: Readonly<Record<string, unknown>>, file: string): Behaviour {
  const wrong = (property: string, wanted: string): BerthError => new BerthError('DevContainerInvalid', `“${property}” in ${file} must be ${wanted}.`);
  const objectAt = (value: unknown, property: string): Record<string, unknown> => {
    if (value === undefined || value === null) return {};
    if (!isObject(value)) throw wrong(property, 'an object');
    return value;
  };
  const flag = (property: string): boolean | undefined => {
    const value = root[property] ?? undefined;
    if (value !== undefined && typeof value !== 'boolean') throw wrong(property, 'true or false');
    return value;
  };
  const texts = (value: unknown, property: string): readonly string[] => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string')) throw wrong(property, 'a list of texts');
    return value as string[];
  };
  const choice = <Text extends string>(property: string, choices: readonly Text[], usual: Text): Text => {
    const found = choices.find((one) => one === (root[property] ?? usual));
    if (!found) throw wrong(property, `one of ${choices.join(', ')}`);
    return found;
  };
  const customizations = objectAt(root['customizations'], 'customizations');
  const vscode = objectAt(customizations['vscode'], 'customizations.vscode');
  const berth = objectAt(customizations['berth'], 'customizations.berth');
  const hostRequirements = readHostRequirements(root['hostRequirements'], file);
  const capAdd = texts(root['capAdd'], 'capAdd');
  return {
    lifecycle: readLifecycle(root, file),
    userEnvProbe: choice('userEnvProbe', userEnvProbes, defaultBehaviour.userEnvProbe),
    overrideCommand: flag('overrideCommand') ?? defaultBehaviour.overrideCommand,
    shutdownAction: choice('shutdownAction', shutdownActions, defaultBehaviour.shutdownAction),
    updateRemoteUserUID: flag('updateRemoteUserUID') ?? defaultBehaviour.updateRemoteUserUID,
    ...(hostRequirements && { hostRequirements }),
    world: {
      ...(flag('init') && { init: true }),
      ...(flag('privileged') && { privileged: true }),
      ...(capAdd.length > 0 && { capAdd }),
      ...securityOptions(texts(root['securityOpt'], 'securityOpt'), file),
    },
    vscode: { extensions: texts(vscode['extensions'], 'customizations.vscode.extensions'), settings: objectAt(vscode['settings'], 'customizations.vscode.settings') },
    guestFolders: texts(berth['guestFolders'], 'customizations.berth.guestFolders'),
  };
}

function securityOptions(words: readonly string[], file: string): WorldOptions {
  return Object.assign({}, ...words.map((word) => {
    try {
      return parseSecurityOption(word);
    } catch (error) {
      throw new BerthError('DevContainerInvalid', `“securityOpt” in ${file} has the entry “${word}”. ${(error as Error).message}`);
    }
  })) as WorldOptions;
}
