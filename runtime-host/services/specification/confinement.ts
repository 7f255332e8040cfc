import { BerthError } from '../../protocol/errors.ts';
import type { Ulimit, WorldOptions } from '../../protocol/worldOptions.ts';

/** Linux's capabilities; the place in the list is the number. */
const capabilities = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST',
  'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE',
  'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM',
  'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
];

/** What containers have when nothing else is said; docker's set. */
const usual = ['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'];

/** What a process can get at most, as vminitd is told it. */
export interface Confinement {
  /** 1 << number each. */
  readonly capabilities: bigint;
  readonly noNewPrivileges: boolean;
  readonly unfiltered: boolean;
}

/**
 * @param privileged whether a further process shall have everything, whatever the container has
 * @throws BerthError InvalidArgument for a capability that is none
 */
export function confinementOf(world: WorldOptions, privileged = world.privileged ?? false): Confinement {
  return {
    capabilities: setOf(privileged ? capabilities : allowedNames(world.capAdd ?? [], world.capDrop ?? [])),
    noNewPrivileges: world.noNewPrivileges ?? false,
    unfiltered: privileged || (world.unfiltered ?? false),
  };
}

/** docker's rule: with ALL added everything but what is dropped; with ALL dropped only what is added; else added wins. */
function allowedNames(capAdd: readonly string[], capDrop: readonly string[]): readonly string[] {
  const added = new Set(capAdd.map(nameOf));
  const dropped = new Set(capDrop.map(nameOf));
  if (added.has('ALL')) return capabilities.filter((name) => !dropped.has(name));
  if (dropped.has('ALL')) return [...added];
  return [...usual.filter((name) => !dropped.has(name)), ...added];
}

function nameOf(text: string): string {
  const name = text.trim().toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL' || capabilities.includes(name)) return name;
  throw new BerthError('InvalidArgument', `“${text}” is no capability. Write one like NET_ADMIN, or ALL.`, { data: { option: 'capAdd' } });
}

function setOf(names: Iterable<string>): bigint {
  let set = 0n;
  for (const name of names) set |= 1n << BigInt(capabilities.indexOf(name));
  return set;
}

/** RLIMIT_… of Linux, by docker's names. */
const resources: Readonly<Record<string, number>> = {
  cpu: 0, fsize: 1, data: 2, stack: 3, core: 4, rss: 5, nproc: 6, nofile: 7, memlock: 8, as: 9, locks: 10, sigpending: 11, msgqueue: 12, nice: 13, rtprio: 14, rttime: 15,
};
/** The guest's kernel allows no more. */
const mostOpenFiles = 1024 ** 2;

export interface ResourceLimit {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** The last of several with the same name counts. @throws BerthError InvalidArgument for a limit that cannot be set */
export function limitsOf(ulimits: readonly Ulimit[] = []): ResourceLimit[] {
  return [...new Map(ulimits.map((limit) => [limit.name, resourceLimit(limit)])).values()];
}

function resourceLimit({ name, soft, hard }: Ulimit): ResourceLimit {
  const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
  if (resource === undefined) throw invalid(`“${name}” is no limit. There are ${Object.keys(resources).join(', ')}.`);
  if (hard !== -1 && (soft === -1 || soft > hard)) throw invalid(`The soft limit of ${name} is higher than its hard limit.`);
  if (name === 'nofile' && (hard === -1 || hard > mostOpenFiles)) throw invalid(`A container’s process can have at most ${mostOpenFiles} open files.`);
  return { resource, soft: BigInt.asUintN(64, BigInt(soft)), hard: BigInt.asUintN(64, BigInt(hard)) };
}

function invalid(message: string): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option: 'ulimits' } });
}
