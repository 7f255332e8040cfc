import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { PathMapping } from '../workspace/pathMapping.ts';
import type { ProcessRequest } from '../workspace/execOptions.ts';

/** A debug configuration of the type `container-node`, its variables resolved (package.json, `debuggers`). */
export interface NodeLaunch {
  readonly request: 'launch' | 'attach';
  readonly program?: string;
  readonly args: readonly string[];
  readonly runtimeExecutable: string;
  readonly runtimeArgs: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stopOnEntry: boolean;
  /** Of the inspector, when one is attached to. */
  readonly port: number;
}

/** What js-debug knows itself and is handed over as it is. */
const passedOn = [
  'skipFiles', 'sourceMaps', 'outFiles', 'resolveSourceMapLocations', 'sourceMapPathOverrides', 'smartStep', 'showAsyncStacks', 'trace', 'timeout',
  'localRoot', 'remoteRoot', 'outputCapture', 'pauseForSourceMap', 'customDescriptionGenerator', 'customPropertiesGenerator', 'restart',
] as const;

/**
 * Reads a configuration.
 * @throws BerthError InvalidArgument with what is wrong with it
 */
export function readNodeLaunch(configuration: Readonly<Record<string, unknown>>): NodeLaunch {
  const { request, program, args, runtimeExecutable = 'node', runtimeArgs, cwd, env = {}, stopOnEntry = false, port = 9229 } = configuration;
  if (request !== 'launch' && request !== 'attach') throw wrong('“request” is to be “launch” or “attach”');
  if (program !== undefined && typeof program !== 'string') throw wrong('“program” is to be a path');
  if (request === 'launch' && !program && !isTexts(runtimeArgs)) throw wrong('“program” is missing');
  if (typeof runtimeExecutable !== 'string' || runtimeExecutable === '') throw wrong('“runtimeExecutable” is to be the name of a program');
  for (const [name, value] of Object.entries({ args, runtimeArgs })) if (value !== undefined && !isTexts(value)) throw wrong(`“${name}” is to be a list of texts`);
  if (cwd !== undefined && typeof cwd !== 'string') throw wrong('“cwd” is to be a path');
  if (typeof env !== 'object' || env === null || Array.isArray(env)) throw wrong('“env” is to be an object of texts');
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) throw wrong('“port” is to be a number between 1 and 65535');
  return {
    request, runtimeExecutable, port, stopOnEntry: stopOnEntry === true,
    args: isTexts(args) ? args : [], runtimeArgs: isTexts(runtimeArgs) ? runtimeArgs : [],
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null).map(([name, value]) => [name, String(value)])),
    ...(program && { program }), ...(cwd !== undefined && { cwd }),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function wrong(what: string): BerthError {
  return new BerthError('InvalidArgument', `Nothing can be debugged with this configuration: ${what}. Correct it in launch.json.`);
}

/**
 * What to run in the container. Paths of this machine become the container's.
 * @param inspectorPort where the program waits for the debugger on the container's loopback; undefined: it runs without one
 * @param folder path of the session's folder on this machine
 */
export function nodeProcess(launch: NodeLaunch, mapping: PathMapping, folder: string | undefined, inspectorPort: number | undefined): ProcessRequest {
  const guestPath = (path: string): string => mapping.toGuest(path) ?? path;
  const guestText = (text: string): string => mapping.textToGuest(text);
  const cwd = launch.cwd === undefined ? folder && mapping.toGuest(folder) : guestPath(launch.cwd);
  return {
    command: [
      launch.runtimeExecutable, ...launch.runtimeArgs.map(guestText),
      ...(inspectorPort === undefined ? [] : [`--inspect-brk=127.0.0.1:${inspectorPort}`]),
      ...(launch.program === undefined ? [] : [guestPath(launch.program)]), ...launch.args.map(guestText),
    ],
    env: Object.fromEntries(Object.entries(launch.env).map(([name, value]) => [name, guestText(value)])),
    terminal: true,
    ...(cwd && { cwd }),
  };
}

/** The configuration with which js-debug takes over, at a port of this machine's loopback. */
export function attachConfiguration(configuration: Readonly<Record<string, unknown>>, mapping: PathMapping, folder: string | undefined, hostPort: number): Record<string, unknown> {
  const { request, stopOnEntry } = readNodeLaunch(configuration);
  const remoteRoot = folder === undefined ? undefined : mapping.toGuest(folder);
  return {
    ...(remoteRoot !== undefined && { localRoot: folder, remoteRoot }),
    ...Object.fromEntries(passedOn.flatMap((name) => (configuration[name] === undefined ? [] : [[name, configuration[name]]]))),
    // The program's own terminal shows what it prints.
    internalConsoleOptions: configuration['internalConsoleOptions'] ?? 'neverOpen',
    type: 'node', request: 'attach', name: configuration['name'],
    address: '127.0.0.1', port: hostPort,
    ...(request === 'launch' && { continueOnAttach: !stopOnEntry }),
    // It would give child processes a path of this machine to load, as if they were here.
    autoAttachChildProcesses: false,
  };
}

/** The port that an inspector says it waits at. */
export function announcedPort(output: string): number | undefined {
  const port = /Debugger listening on ws:\/\/[^\s/]*:(\d+)\//.exec(output)?.[1];
  return port === undefined ? undefined : Number(port);
}

/** A port of the upper range at which nothing is known to listen. */
export function choosePort(taken: ReadonlySet<number>, random: () => number = Math.random): number {
  for (;;) {
    const port = 49_152 + Math.floor(random() * 16_384);
    if (!taken.has(port)) return port;
  }
}
