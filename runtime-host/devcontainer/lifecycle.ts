import type { MergedConfiguration } from './mergeConfiguration.ts';

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

/** @param merged what has been checked against the table of known properties */
export function readLifecycle(merged: MergedConfiguration): Lifecycle {
  const initialize = withoutEmpty(merged['initializeCommand']);
  const list = (commands: readonly LifecycleCommand[]): LifecycleCommand[] => commands.map(withoutEmpty).filter((command) => command !== undefined);
  return {
    ...(initialize !== undefined && { initialize }),
    onCreate: list(merged.onCreateCommands), updateContent: list(merged.updateContentCommands), postCreate: list(merged.postCreateCommands),
    postStart: list(merged.postStartCommands), postAttach: list(merged.postAttachCommands),
    waitFor: lifecycleStages.find((stage) => stage === merged['waitFor']) ?? defaultWaitFor,
  };
}

/** Absent, null and what is empty are no command. */
function withoutEmpty(value: unknown): LifecycleCommand | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0 ? (value as LifecycleCommand) : undefined;
  const commands = Object.entries(value as Record<string, string | readonly string[] | null>).filter(([, words]) => words !== null && words.length > 0);
  return commands.length > 0 ? (Object.fromEntries(commands) as LifecycleCommand) : undefined;
}
