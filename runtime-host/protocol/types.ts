import type { ConnectionOptions, ContainerNetwork, ForwardedPort, NetworkPolicy, PublishedPort, PublishedSocket } from './networks.ts';
import type { InSession } from './sessions.ts';
import type { ContainerVolume, VolumeMount } from './volumes.ts';
import type { WorldOptions } from './worldOptions.ts';

/** What becomes of a container that nobody uses any more (`container/use`). */
export const whenUnusedChoices = ['stop', 'nothing'] as const;
export type WhenUnused = (typeof whenUnusedChoices)[number];

/** An OCI platform: operating system, architecture and variant, as in an image index. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface ImageInfo {
  /** The full reference, such as `registry.example:5000/team/app:1.2`. */
  readonly reference: string;
  /** Digest of what the reference names (an image index or a manifest). */
  readonly digest: string;
  /** Digest of the manifest for this machine's platform. */
  readonly manifestDigest: string;
  readonly platform: Platform;
  /** Bytes of the manifest, the configuration and the compressed layers. */
  readonly size: number;
  /** RFC 3339 time at which the image was built, where its configuration says so. */
  readonly created?: string;
  /** Absent when it has none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** One directory of the host that a container may use. */
export interface Mount {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Shared although it holds the user's keys, or more of this machine than a container should have. */
  readonly force?: boolean;
  /** It can be taken away while the container runs, at some cost of speed. */
  readonly revocable?: boolean;
}

/** A directory that is shared only when that is forced. */
export interface MountRefusal {
  readonly source: string;
  /** Its real path. */
  readonly path: string;
  /** What follows its name in a sentence: “holds your SSH keys”. */
  readonly reason: string;
}

/** What to run, beside what the image says. */
export interface ProcessOptions {
  /** `NAME=value`, later entries win. */
  readonly env?: readonly string[];
  readonly workingDirectory?: string;
  /** `user`, `uid`, `user:group` or `uid:gid`, resolved inside the image. */
  readonly user?: string;
  /** Give the process a pseudo-terminal. */
  readonly terminal?: boolean;
  /** Keep standard input open until a client closes it. */
  readonly stdin?: boolean;
  /** Initial terminal size; used only with `terminal`. */
  readonly size?: TerminalSize;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A further process in a running container. */
export interface ExecOptions extends ProcessOptions, InSession {
  readonly command: readonly string[];
  /** When the client goes away first, send SIGHUP, as a terminal does that is closed; otherwise the process goes on. */
  readonly hangUp?: boolean;
  /** All capabilities and no filter of system calls, whatever the container has. */
  readonly privileged?: boolean;
}

/** With less, the guest's kernel has no room to unpack vminitd and start it. */
export const minimumMemoryBytes = 64 * 1024 ** 2;

export interface ContainerSpec extends ProcessOptions, WorldOptions, ConnectionOptions {
  readonly image: string;
  /** Chosen by the host when absent. */
  readonly name?: string;
  /** Replaces the image's command (its entry point stays). */
  readonly command?: readonly string[];
  /** Replaces the image's entry point, and drops its command. */
  readonly entrypoint?: readonly string[];
  readonly mounts?: readonly Mount[];
  readonly volumes?: readonly VolumeMount[];
  /** At least {@link minimumMemoryBytes}; default 1 GiB. */
  readonly memoryBytes?: number;
  /** Default: half of the host's, at least one. */
  readonly cpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Remove the container and its disk when its process has ended. */
  readonly removeOnExit?: boolean;
  /** What asks its process to end, by name or number; default: the image's, or SIGTERM. */
  readonly stopSignal?: string;
  /** How long the process may take to end before it is killed; default 10. */
  readonly stopTimeoutSeconds?: number;
  /** Default: `no`. Not together with `removeOnExit`. */
  readonly restart?: RestartPolicy;
  /** How much of its output is kept. */
  readonly log?: LogOptions;
  readonly healthCheck?: HealthCheckOptions;
  /** Absolute path of a kernel to boot instead of ours: an uncompressed ELF file. */
  readonly kernel?: string;
  /** `os/architecture`; anything but this machine's is refused. */
  readonly platform?: string;
}

/** How a container is checked while it runs. Times are in seconds. */
export interface HealthCheck {
  /** A command line; exit status 0 means healthy. */
  readonly command: readonly string[];
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /** Failures within so long after the start do not count. */
  readonly startPeriodSeconds: number;
  /** The interval of the start period. */
  readonly startIntervalSeconds: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries: number;
}

/** What changes the image's health check. */
export interface HealthCheckOptions extends Partial<Omit<HealthCheck, 'command'>> {
  /** For the container's shell. */
  readonly command?: string;
  readonly disabled?: boolean;
}

export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  /** The last probes, oldest first. */
  readonly log: readonly HealthProbe[];
}

export interface HealthProbe {
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** -1 when it took too long or could not be started. */
  readonly exitCode: number;
  readonly output: string;
}

/** What happens when the first process has ended, or the VM has failed; as docker has it. */
export interface RestartPolicy {
  readonly name: (typeof restartPolicyNames)[number];
  /** Only for `on-failure`; without it there is no limit. */
  readonly maximumRetries?: number;
}

/** What is absent is as BERTH_LOG_MAX_SIZE and BERTH_LOG_MAX_FILE say, which are 10m and 5 by default. */
export interface LogOptions {
  /** Bytes after which the next file begins; at least {@link minimumLogBytes}. */
  readonly maxSize?: number;
  /** Number of files that are kept. */
  readonly maxFiles?: number;
}

export const minimumLogBytes = 4096;

/** The most that a time of a container's may be, in seconds. Timers of more than 24 days fire at once. */
export const longestSeconds = 86_400;

export const restartPolicyNames = ['no', 'on-failure', 'always', 'unless-stopped'] as const;

export const containerStates = ['created', 'starting', 'running', 'stopping', 'stopped'] as const;
export type ContainerState = (typeof containerStates)[number];

export interface ContainerInfo {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly manifestDigest: string;
  readonly state: ContainerState;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** Status of the first process once stopped: 0–255, 128+n when signal n ended it. */
  readonly exitCode?: number;
  /** In its last run the guest's kernel killed a process of it, not necessarily the first, because memory ran out. */
  readonly oomKilled?: boolean;
  /** Why the container is stopped, when that was not its process ending by itself. */
  readonly error?: ErrorSummary;
  /** The command line of the first process. */
  readonly command: readonly string[];
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly mounts: readonly Mount[];
  readonly volumes?: readonly ContainerVolume[];
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly removeOnExit: boolean;
  /** Absent: SIGTERM. */
  readonly stopSignal?: string;
  readonly stopTimeoutSeconds?: number;
  readonly restart?: RestartPolicy;
  readonly log?: LogOptions;
  /** How often it was restarted since somebody started it. */
  readonly restartCount?: number;
  /** It has ended, and its restart policy is about to start it again. */
  readonly restarting?: boolean;
  readonly healthCheck?: HealthCheck;
  /** Absent: ours. */
  readonly kernel?: string;
  /** `eth0` is in the first. Absent: it has none. */
  readonly networks?: readonly ContainerNetwork[];
  /** With the host's real ports while it runs. */
  readonly ports?: readonly PublishedPort[];
  readonly sockets?: readonly PublishedSocket[];
  /** Absent: open. */
  readonly policy?: NetworkPolicy;
  /** Of a running container. */
  readonly forwards?: readonly ForwardedPort[];
  /** How often it tried what its policy forbids, in all its life. */
  readonly deniedConnections?: number;
  /** Of a running container that has a health check. */
  readonly health?: Health;
  /** Why the container waits, when its disk cannot be written at the moment. It goes on by itself when that has passed. */
  readonly paused?: string;
  /** Process id of the container's QEMU while it runs. */
  readonly vmPid?: number;
  /** What its users have asked for in this run; absent: nothing. */
  readonly whenUnused?: WhenUnused;
  /** What was said about its rights and surroundings when it was created. */
  readonly world?: WorldOptions;
}

export interface ErrorSummary {
  readonly code: string;
  readonly message: string;
  /** The last lines of the console, where a virtual machine failed. */
  readonly console?: string;
}

/** How guest code runs: in hardware, or emulated because no usable hardware virtualization was found. */
export type Accelerator = 'kvm' | 'hvf' | 'tcg';

export interface SystemStatus {
  readonly version: string;
  readonly pid: number;
  /** RFC 3339. */
  readonly startedAt: string;
  /** The data directory (`BERTH_HOME`). */
  readonly home: string;
  readonly containers: { readonly total: number; readonly running: number };
  readonly images: number;
  /** Absent until the first container has been started since boot, or the probe has run. */
  readonly accelerator?: Accelerator;
  readonly qemu?: string;
}

/** What takes room on the disk, in allocated bytes: sparse files count as what `du` says. */
export interface DiskUsage {
  readonly images: UsageGroup;
  readonly containers: UsageGroup;
  /** In use are those that a container refers to, running or not. */
  readonly volumes: UsageGroup;
}

export interface UsageGroup {
  readonly total: number;
  /** How many of them are in use. */
  readonly active: number;
  readonly bytes: number;
  /** What would come free if those that are not in use were removed. */
  readonly reclaimableBytes: number;
  readonly items: readonly UsageItem[];
}

export interface UsageItem {
  readonly name: string;
  readonly bytes: number;
  readonly inUse: boolean;
}

/** Which of those that nobody uses are removed: what fits everything that is given. */
export interface PruneFilters {
  /** `key` or `key=value`; it must have all of them. */
  readonly labels?: readonly string[];
  /** It must have none of these. */
  readonly withoutLabels?: readonly string[];
  /** RFC 3339. Only what was created before. */
  readonly createdBefore?: string;
}

export interface PruneResult {
  /** Ids or references. */
  readonly removed: readonly string[];
  readonly reclaimedBytes: number;
}
