import { posix } from 'node:path';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { PathMapping } from '../workspace/pathMapping.ts';
import type { ProcessRequest } from '../workspace/execOptions.ts';

/** What a task of the type `container` says (package.json, `taskDefinitions`). */
export interface ContainerTask {
  /** Without `args` a line for the shell, with them a program. */
  readonly command: string;
  readonly args?: readonly string[];
  /** Relative to the folder, or absolute on either side. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the container's paths in the output become this machine's. */
  readonly mapPaths: boolean;
}

/**
 * Reads what stands in a tasks.json.
 * @throws BerthError InvalidArgument with what is wrong with it
 */
export function readContainerTask(definition: Readonly<Record<string, unknown>>): ContainerTask {
  const { command, args, cwd, env, mapPaths = true } = definition;
  if (typeof command !== 'string' || command.trim() === '') throw wrong('“command” is to be a text that is not empty');
  if (args !== undefined && !(Array.isArray(args) && args.every((each) => typeof each === 'string'))) throw wrong('“args” is to be a list of texts');
  if (cwd !== undefined && typeof cwd !== 'string') throw wrong('“cwd” is to be a text');
  if (typeof mapPaths !== 'boolean') throw wrong('“mapPaths” is to be true or false');
  return {
    command, mapPaths,
    ...(args !== undefined && { args: args as string[] }),
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env: readEnvironment(env) }),
  };
}

function readEnvironment(env: unknown): Record<string, string> {
  const values = typeof env === 'object' && env !== null && !Array.isArray(env) ? Object.entries(env) : undefined;
  if (!values?.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))) throw wrong('“env” is to be an object of texts');
  return Object.fromEntries(values.map(([name, value]) => [name, String(value)]));
}

function wrong(what: string): BerthError {
  return new BerthError('InvalidArgument', `This container task cannot run: ${what}. Correct it in tasks.json.`);
}

/**
 * What to run in the container for a task. Paths of this machine in it, such as those that come of `${workspaceFolder}`,
 * become the container's.
 * @param folder path of the task's folder on this machine
 */
export function taskProcess(task: ContainerTask, mapping: PathMapping, folder: string | undefined): ProcessRequest {
  const guestText = (text: string): string => mapping.textToGuest(text);
  const command = guestText(task.command);
  const cwd = workingDirectory(task.cwd, mapping, folder);
  return {
    command: task.args ? [command, ...task.args.map(guestText)] : ['/bin/sh', '-c', command],
    terminal: true,
    ...(cwd !== undefined && { cwd }),
    ...(task.env && { env: Object.fromEntries(Object.entries(task.env).map(([name, value]) => [name, guestText(value)])) }),
  };
}

function workingDirectory(cwd: string | undefined, mapping: PathMapping, folder: string | undefined): string | undefined {
  const guestFolder = folder === undefined ? undefined : mapping.toGuest(folder);
  if (cwd === undefined) return guestFolder;
  if (!posix.isAbsolute(cwd)) return posix.join(guestFolder ?? '/', cwd);
  return mapping.toGuest(cwd) ?? cwd;
}

/** As a word of a POSIX shell's, whatever is in it. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
