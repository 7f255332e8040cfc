import { isIPv4, isIPv6 } from 'node:net';
import { longestSeconds, restartPolicyNames, whenUnusedChoices, type ErrorSummary, type HealthCheck, type LogOptions, type Mount, type RestartPolicy, type TerminalSize, type WhenUnused } from '../protocol/types.ts';
import { networkNamePattern, networkPolicyModes, portProtocols, type ConnectionOptions, type ContainerNetwork } from '../protocol/networks.ts';
import { volumeNamePattern, type ContainerVolume } from '../protocol/volumes.ts';
import type { WorldOptions } from '../protocol/worldOptions.ts';

/** How a container is connected: what was asked for, and its places in networks, which it keeps. */
export interface ContainerConnection extends Omit<ConnectionOptions, 'networks' | 'publishAllPorts'> {
  /** `eth0` is in the first. */
  readonly networks: readonly ContainerNetwork[];
}

/** containers/<id>/container.json: everything about a container that outlives the host. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly manifestDigest: string;
  /** Names the image's disk, behind the container's overlay. */
  readonly diskKey: string;
  /** Size of the virtual disk in bytes. */
  readonly diskSize: number;
  /** `running` also stands while the VM starts and ends: the host then finds out what became of it. */
  readonly state: 'created' | 'running' | 'stopped';
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  readonly error?: ErrorSummary;
  /** Entry point and command as one. */
  readonly arguments: readonly string[];
  readonly env: readonly string[];
  /** What its last start gave it of the host's, such as proxies; `env` goes before. */
  readonly ambientEnv?: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly size?: TerminalSize;
  /** Name or number; undefined means SIGTERM. */
  readonly stopSignal?: string;
  /** Undefined means 10. */
  readonly stopTimeoutSeconds?: number;
  readonly mounts: readonly Mount[];
  readonly volumes?: readonly ContainerVolume[];
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly removeOnExit: boolean;
  readonly restart?: RestartPolicy;
  readonly log?: LogOptions;
  readonly restartCount?: number;
  /** Somebody has stopped it: no policy brings it back until somebody starts it. */
  readonly stoppedByUser?: boolean;
  /** Of a run: what becomes of it without users. Absent: nothing. */
  readonly whenUnused?: WhenUnused;
  readonly world?: WorldOptions;
  readonly healthCheck?: HealthCheck;
  /** Absent: it has no network, as all containers before there were networks. */
  readonly connection?: ContainerConnection;
  /** Real path of a kernel of the user's own. */
  readonly kernel?: string;
}

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isDuration: Check = (value) => typeof value === 'number' && value >= 0 && value <= longestSeconds;
/** What timers wait for again and again must not be nothing. */
const isInterval: Check = (value) => isDuration(value) && value !== 0;
const isListOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
const isOptional = (check: Check): Check => (value) => value === undefined || check(value);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const hasShape = (shape: Readonly<Record<string, Check>>): Check => (value) =>
  isObject(value) && Object.entries(shape).every(([name, check]) => check(value[name]));

const isLimit: Check = (value) => value === -1 || isCount(value);

const worldShape: Readonly<Record<keyof WorldOptions, Check>> = {
  capAdd: isOptional(isListOf(isString)),
  capDrop: isOptional(isListOf(isString)),
  privileged: isOptional(isBoolean),
  noNewPrivileges: isOptional(isBoolean),
  unfiltered: isOptional(isBoolean),
  unmasked: isOptional(isBoolean),
  ulimits: isOptional(isListOf(hasShape({ name: isString, soft: isLimit, hard: isLimit }))),
  init: isOptional(isBoolean),
  additionalGroups: isOptional(isListOf(isString)),
  hostname: isOptional(isString),
  readOnlyRoot: isOptional(isBoolean),
  tmpfs: isOptional(isListOf(hasShape({ target: isString, options: isOptional(isString) }))),
  sharedMemoryBytes: isOptional(isCount),
  pidsLimit: isOptional(isCount),
};

const isPort: Check = (value) => isCount(value) && (value as number) <= 65_535;
const isNumberedPort: Check = (value) => isPort(value) && value !== 0;
const isOneOf = (words: readonly unknown[]): Check => (value) => words.includes(value);
const isPrefix: Check = (value) => isCount(value) && (value as number) <= 128;
const isMac: Check = (value) => typeof value === 'string' && /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(value);
const isStrings = isListOf(isString);

const networkShape: Readonly<Record<keyof ContainerNetwork, Check>> = {
  network: (value) => typeof value === 'string' && networkNamePattern.test(value),
  aliases: isOptional(isStrings),
  address: (value) => isIPv4(String(value)),
  prefixLength: isPrefix,
  gateway: (value) => isIPv4(String(value)),
  address6: isOptional((value) => isIPv6(String(value))),
  prefixLength6: isOptional(isPrefix),
  gateway6: isOptional((value) => isIPv6(String(value))),
  mac: isMac,
};

const connectionShape: Readonly<Record<keyof ContainerConnection, Check>> = {
  networks: isListOf(hasShape(networkShape)),
  ports: isOptional(isListOf(hasShape({ hostAddress: isOptional(isString), hostPort: isPort, containerPort: isNumberedPort, protocol: isOneOf(portProtocols) }))),
  sockets: isOptional(isListOf(hasShape({ hostPath: isString, containerPath: isString }))),
  policy: isOptional(hasShape({ mode: isOneOf(networkPolicyModes), allow: isOptional(isStrings) })),
  resolver: isOptional(hasShape({ servers: isOptional(isStrings), search: isOptional(isStrings), options: isOptional(isStrings), disabled: isOptional(isBoolean) })),
  extraHosts: isOptional(isListOf(hasShape({ name: isString, address: isString }))),
  proxies: isOptional((value) => isObject(value) && Object.values(value).every(isString)),
  hostCertificates: isOptional(isBoolean),
  sshAgent: isOptional(isString),
};

const recordShape: Readonly<Record<keyof ContainerRecord, Check>> = {
  version: (value) => value === 1,
  id: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  name: isString,
  image: isString,
  manifestDigest: isString,
  diskKey: (value) => typeof value === 'string' && /^[\w.-]+$/.test(value),
  diskSize: isCount,
  state: (value) => value === 'created' || value === 'running' || value === 'stopped',
  createdAt: isString,
  startedAt: isOptional(isString),
  finishedAt: isOptional(isString),
  exitCode: isOptional(isCount),
  oomKilled: isOptional(isBoolean),
  error: isOptional(hasShape({ code: isString, message: isString, console: isOptional(isString) })),
  arguments: isListOf(isString),
  env: isListOf(isString),
  ambientEnv: isOptional(isListOf(isString)),
  workingDirectory: isString,
  user: isString,
  terminal: isBoolean,
  stdin: isBoolean,
  size: isOptional(hasShape({ columns: isCount, rows: isCount })),
  stopSignal: isOptional(isString),
  stopTimeoutSeconds: isOptional((value) => isCount(value) && isDuration(value)),
  mounts: isListOf(hasShape({ source: isString, target: isString, readOnly: isBoolean, force: isOptional(isBoolean), revocable: isOptional(isBoolean) })),
  volumes: isOptional(isListOf(hasShape({ name: (value) => typeof value === 'string' && volumeNamePattern.test(value), target: isString, readOnly: isBoolean, noCopy: isOptional(isBoolean), anonymous: isOptional(isBoolean) }))),
  memoryBytes: isCount,
  cpus: isCount,
  labels: (value) => isObject(value) && Object.values(value).every(isString),
  removeOnExit: isBoolean,
  restart: isOptional(hasShape({ name: (value) => (restartPolicyNames as readonly unknown[]).includes(value), maximumRetries: isOptional(isCount) })),
  log: isOptional(hasShape({ maxSize: isOptional(isCount), maxFiles: isOptional(isCount) })),
  restartCount: isOptional(isCount),
  stoppedByUser: isOptional(isBoolean),
  whenUnused: isOptional(isOneOf(whenUnusedChoices)),
  world: isOptional(hasShape(worldShape)),
  connection: isOptional(hasShape(connectionShape)),
  kernel: isOptional(isString),
  healthCheck: isOptional(hasShape({ command: isListOf(isString), intervalSeconds: isInterval, timeoutSeconds: isInterval, startPeriodSeconds: isDuration, startIntervalSeconds: isInterval, retries: isCount })),
};

/**
 * A record as it was written, or the name of the first member that is not as it must be.
 * @param id of the directory that it lies in, which it must name
 */
export function parseRecord(text: string, id: string): ContainerRecord | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'not JSON' };
  }
  if (!isObject(value)) return { wrong: 'not an object' };
  const wrong = Object.entries(recordShape).find(([name, check]) => !check(value[name]));
  if (wrong) return { wrong: wrong[0] };
  return value['id'] === id ? (value as unknown as ContainerRecord) : { wrong: 'id' };
}
