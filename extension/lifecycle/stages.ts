import type { Lifecycle, LifecycleCommand } from '../../runtime-host/devcontainer/lifecycle.ts';

/** The stages that run in the container, in their order. */
export const containerStages = ['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand', 'postAttachCommand'] as const;
export type StageName = (typeof containerStages)[number];

/** All commands of one property, the image's first; none of them begins before the one before it has succeeded. */
export interface Stage {
  readonly name: StageName;
  readonly commands: readonly LifecycleCommand[];
  /** How often it runs: once in a container's life, once for each start of it, or each time that a window opens it. */
  readonly once: 'container' | 'start' | undefined;
}

/** One program, to be started as it is. */
export interface Program {
  readonly words: readonly string[];
  /** As its author wrote it, for messages. */
  readonly shown: string;
  /** Its name among those that run at the same time. */
  readonly name?: string;
}

/** The stages that have something to run. */
export function stagesOf({ onCreate, updateContent, postCreate, postStart, postAttach }: Lifecycle): readonly Stage[] {
  const stages: readonly Stage[] = [
    { name: 'onCreateCommand', commands: onCreate, once: 'container' },
    { name: 'updateContentCommand', commands: updateContent, once: 'container' },
    { name: 'postCreateCommand', commands: postCreate, once: 'container' },
    { name: 'postStartCommand', commands: postStart, once: 'start' },
    { name: 'postAttachCommand', commands: postAttach, once: undefined },
  ];
  return stages.filter(({ commands }) => commands.length > 0);
}

/** Whether a window is ready only after this stage (`waitFor`). */
export function isWaitedFor(stage: StageName, { waitFor }: Lifecycle): boolean {
  return waitFor !== 'initializeCommand' && containerStages.indexOf(stage) <= containerStages.indexOf(waitFor);
}

/** What a command runs at the same time: one program, unless it is an object of several. */
export function programsOf(command: LifecycleCommand): readonly Program[] {
  if (typeof command === 'string' || Array.isArray(command)) return [programOf(command as string | readonly string[])];
  return Object.entries(command as Readonly<Record<string, string | readonly string[]>>).map(([name, one]) => ({ ...programOf(one), name }));
}

/** A text is the shell's to understand; a list is one word after the other. */
function programOf(command: string | readonly string[]): Program {
  return typeof command === 'string' ? { words: ['/bin/sh', '-c', command], shown: command } : { words: command, shown: command.join(' ') };
}
