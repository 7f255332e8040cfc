import { isObject } from './jsonText.ts';
import type { LifecycleCommand } from './lifecycle.ts';
import { mergeHostRequirements } from './mergeHostRequirements.ts';

/** An object of a devcontainer.json or of an image's metadata, as it is written. */
export type Configuration = Readonly<Record<string, unknown>>;

/** A configuration together with the metadata of its image, in the form that the public command line prints. */
export interface MergedConfiguration extends Configuration {
  readonly init: boolean;
  readonly privileged: boolean;
  readonly capAdd?: readonly string[];
  readonly securityOpt?: readonly string[];
  /** Programs that the image wants to be run first. */
  readonly entrypoints?: readonly string[];
  readonly mounts?: readonly unknown[];
  readonly onCreateCommands: readonly LifecycleCommand[];
  readonly updateContentCommands: readonly LifecycleCommand[];
  readonly postCreateCommands: readonly LifecycleCommand[];
  readonly postStartCommands: readonly LifecycleCommand[];
  readonly postAttachCommands: readonly LifecycleCommand[];
  /** For each tool what every source has for it, the file's last. */
  readonly customizations?: Readonly<Record<string, readonly unknown[]>>;
  readonly remoteEnv: Readonly<Record<string, string | null>>;
  readonly containerEnv: Readonly<Record<string, string | null>>;
  readonly portsAttributes: Readonly<Record<string, unknown>>;
}

const commands = ['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand', 'postAttachCommand'] as const;
const lastWins = ['waitFor', 'remoteUser', 'containerUser', 'userEnvProbe', 'overrideCommand', 'otherPortsAttributes', 'shutdownAction', 'updateRemoteUserUID'] as const;
/** Members of a file that come out in another form, or only from all sources together. */
const replaced = new Set<string>([...commands, ...lastWins, 'customizations', 'entrypoint', 'capAdd', 'securityOpt', 'mounts', 'forwardPorts', 'hostRequirements']);

/**
 * Merges by the rules of the specification (“Image Metadata”, “Merge Logic”).
 * @param metadata the image's entries, in their order; the file comes last
 */
export function mergeConfiguration(configuration: Configuration, metadata: readonly Configuration[]): MergedConfiguration {
  const sources = [...metadata, configuration];
  const of = (name: string): unknown[] => sources.map((source) => source[name]).filter(isGiven);
  const listOf = (name: string): unknown[] => of(name).flat();
  const some = (name: string): boolean => of(name).some(Boolean);
  const listed = (name: string, values: readonly unknown[]): Configuration => (values.length > 0 ? { [name]: values } : {});
  const last = Object.fromEntries(lastWins.flatMap((name) => {
    const value = of(name).at(-1);
    return value === undefined ? [] : [[name, value]];
  }));
  const requirements = mergeHostRequirements(of('hostRequirements').filter(isObject));
  return {
    ...Object.fromEntries(Object.entries(configuration).filter(([name]) => !replaced.has(name))),
    init: some('init'),
    privileged: some('privileged'),
    ...listed('capAdd', [...new Set(listOf('capAdd'))]),
    ...listed('securityOpt', [...new Set(listOf('securityOpt'))]),
    ...listed('entrypoints', metadata.map(({ entrypoint }) => entrypoint).filter(Boolean)),
    ...listed('mounts', lastOfEachTarget(listOf('mounts'))),
    ...customizationsOf(of('customizations')),
    ...commandsOf(of),
    ...last,
    remoteEnv: Object.assign({}, ...of('remoteEnv')) as MergedConfiguration['remoteEnv'],
    containerEnv: Object.assign({}, ...of('containerEnv')) as MergedConfiguration['containerEnv'],
    portsAttributes: Object.assign({}, ...of('portsAttributes')) as MergedConfiguration['portsAttributes'],
    ...listed('forwardPorts', distinctPorts(listOf('forwardPorts'))),
    ...(requirements && { hostRequirements: requirements }),
  };
}

/** What is empty says nothing. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function commandsOf(of: (name: string) => unknown[]): Pick<MergedConfiguration, `${(typeof commands)[number]}s`> {
  return Object.fromEntries(commands.map((name) => [`${name}s`, of(name)])) as unknown as Pick<MergedConfiguration, `${(typeof commands)[number]}s`>;
}

function customizationsOf(all: readonly unknown[]): Pick<MergedConfiguration, 'customizations'> {
  const byTool = new Map<string, unknown[]>();
  for (const customizations of all.filter(isObject)) {
    for (const [tool, value] of Object.entries(customizations)) byTool.set(tool, [...(byTool.get(tool) ?? []), value]);
  }
  return byTool.size > 0 ? { customizations: Object.fromEntries(byTool) } : {};
}

/** Of mounts with the same target the last one counts. */
function lastOfEachTarget(mounts: readonly unknown[]): unknown[] {
  const targets = mounts.map(targetOf);
  return mounts.filter((_mount, index) => !targets.includes(targets[index], index + 1));
}

function targetOf(mount: unknown): unknown {
  if (isObject(mount)) return mount['target'];
  return typeof mount === 'string' ? /(?:^|,)\s*(?:target|dst|destination)=([^,]*)/.exec(mount)?.[1] : undefined;
}

/** A port of this container is the same with and without `localhost`. */
function distinctPorts(ports: readonly unknown[]): unknown[] {
  const named = ports.map((port) => (typeof port === 'number' ? `localhost:${port}` : port));
  return [...new Set(named)].map((port) => {
    const [, number] = typeof port === 'string' ? /^localhost:(\d+)$/.exec(port) ?? [] : [];
    return number === undefined ? port : Number(number);
  });
}
