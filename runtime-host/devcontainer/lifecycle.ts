import { BerthError } from '../protocol/errors.ts';

/* The lifecycle commands of devcontainer.json. */

/** A text is for a shell, a list is one command line, an object holds several of these that run at the same time, by name. */
export type LifecycleCommand = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

/** The commands after which a container can count as ready (`waitFor`), in the order in which they run. */
export const lifecycleStages = ['initializeCommand', 'onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand'] as const;
export type LifecycleStage = (typeof lifecycleStages)[number];

export const defaultWaitFor: LifecycleStage = 'updateContentCommand';

/** Lists have the image's commands first, then the file's. */
export interface Lifecycle {
  /** Runs on this machine. */
  readonly initialize?: LifecycleCommand;
  readonly onCreate: readonly LifecycleCommand[];
  readonly updateContent: readonly LifecycleCommand[];
  readonly postCreate: readonly LifecycleCommand[];
  readonly postStart: readonly LifecycleCommand[];
  readonly postAttach: readonly LifecycleCommand[];
  readonly waitFor: LifecycleStage;
}

export const noLifecycle: Lifecycle = { onCreate: [], updateContent: [], postCreate: [], postStart: [], postAttach: [], waitFor: defaultWaitFor };

/** @throws BerthError DevContainerInvalid */
export function readLifecycle(root: Readonly<Record<string, unknown>>, file: string): Lifecycle {
  const command = (property: string): LifecycleCommand | undefined => lifecycleCommand(root[property], property, file);
  const list = (property: string): readonly LifecycleCommand[] => [command(property)].filter((one) => one !== undefined);
  const initialize = command('initializeCommand');
  const given = root['waitFor'] ?? defaultWaitFor;
  const waitFor = lifecycleStages.find((stage) => stage === given);
  if (!waitFor) throw new BerthError('DevContainerInvalid', `“waitFor” in ${file} must be one of ${lifecycleStages.join(', ')}.`);
  return {
    ...(initialize !== undefined && { initialize }),
    onCreate: list('onCreateCommand'), updateContent: list('updateContentCommand'), postCreate: list('postCreateCommand'),
    postStart: list('postStartCommand'), postAttach: list('postAttachCommand'), waitFor,
  };
}

/** Absent, null and what is empty are no command. */
function lifecycleCommand(value: unknown, property: string, file: string): LifecycleCommand | undefined {
  if (value === undefined || value === null) return undefined;
  if (isWords(value)) return value.length > 0 ? value : undefined;
  if (typeof value === 'object' && !Array.isArray(value) && Object.values(value).every(isWords)) {
    const commands = Object.entries(value as Record<string, string | readonly string[]>).filter(([, words]) => words.length > 0);
    return commands.length > 0 ? Object.fromEntries(commands) : undefined;
  }
  throw new BerthError('DevContainerInvalid', `“${property}” in ${file} must be a text, a list of texts, or an object of these.`);
}

function isWords(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((word) => typeof word === 'string'));
}
