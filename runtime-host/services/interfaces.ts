import type { Readable, Writable } from 'node:stream';
import type { Accelerator, ContainerInfo, ContainerSpec, ImageInfo, ExecOptions, PruneFilters, PruneResult, TerminalSize } from '../protocol/types.ts';
import type { ContainerProcess, ContainerStatistics } from '../protocol/statistics.ts';
import type { OperationOptions } from '../base/progress.ts';
import type { NetworkActivity, NetworkInfo, NetworkPolicy, NetworkSpec } from '../protocol/networks.ts';
import type { VolumeInfo, VolumeSpec } from '../protocol/volumes.ts';
import type { ImageHealthCheck } from '../oci/types.ts';

/** What the host can do with images: a content store filled from registries. */
export interface ImageService {
  /**
   * Fetches what is not local yet, for this machine's platform. Two pulls of one reference share the work.
   * Nothing is listed before everything is there and verified.
   * @throws BerthError ImageNotFound, Registry*, DigestMismatch, ManifestInvalid, PlatformUnavailable, DiskFull, Cancelled
   */
  pull(reference: string, options?: OperationOptions): Promise<ImageInfo>;
  list(): Promise<ImageInfo[]>;
  /** @throws BerthError ImageNotFound when it is not local, InvalidArgument when it is no reference. */
  inspect(reference: string): Promise<ImageInfo>;
  /**
   * Removes the reference, and the content that nothing else names.
   * @throws BerthError ImageNotFound; ImageInUse when a container uses it and `force` is not set.
   */
  remove(reference: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Called after each change of the list. */
  onDidChange(listener: (event: { readonly reference: string; readonly info?: ImageInfo }) => void): () => void;
}

/** Turns an image into a read-only disk, once for each chain ID and platform. */
export interface ImageDiskService {
  /**
   * The disk of a local image, written now when there is none. Two calls for one image share the work.
   * @throws BerthError LayerInvalid, DigestMismatch, DiskFull, Cancelled
   */
  ensure(reference: string, options?: OperationOptions): Promise<ImageDisk>;
  /** The same, and the disk stays while `use` runs, whatever becomes of its image. */
  withDisk<Result>(reference: string, options: OperationOptions, use: (disk: ImageDisk) => Promise<Result>): Promise<Result>;
  /** Removes the disks that no local image and no container names, and nobody uses; none when the list of images is lost. */
  prune(containerUses: (key: string) => boolean): Promise<void>;
}

export interface ImageDisk {
  readonly key: string;
  readonly path: string;
  /** Size of the virtual disk in bytes. */
  readonly size: number;
  readonly manifestDigest: string;
  readonly config: ImageProcessDefaults;
}

/** The part of an image's configuration that says how to run it (OCI image spec, config.md, `config`). */
export interface ImageProcessDefaults {
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly stopSignal: string | undefined;
  /** Places that get volumes. */
  readonly volumes: readonly string[];
  /** `PORT`, `PORT/tcp` or `PORT/udp`. */
  readonly exposedPorts: readonly string[];
  readonly healthCheck?: ImageHealthCheck | undefined;
}

/** How a process ended. */
export interface ProcessExit {
  /** 0–255, 128+n when signal n ended it. */
  readonly exitCode: number;
  /** The guest's kernel killed it because memory ran out; for a container's first process, it or any other of them. */
  readonly oomKilled?: boolean;
}

/** A running or ended process as a client sees it through one stream. */
export interface ProcessStreams {
  /** What is written goes to the process's input; end() closes it. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process has ended and its output has been read to the end. */
  readonly exit: Promise<ProcessExit>;
  resize(size: TerminalSize): void;
  /** Stops watching; the process goes on. */
  close(): void;
}

/** One piece of a container's log. */
export interface LogEntry {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** What running containers do and use. Everything is asked for when it is asked for, and by nobody else. */
export interface StatisticsService {
  /** @throws BerthError ContainerNotFound, ContainerNotRunning, GuestFailed when its vminitd is older than this method */
  statistics(container: string): Promise<ContainerStatistics>;
  /** In the order of their numbers. @throws the same */
  processes(container: string): Promise<ContainerProcess[]>;
  /** `changed` hears of them every few seconds, one sampler serving all who watch, and of the container's end as undefined. @throws the same */
  watchStatistics(container: string, changed: (id: string, statistics: ContainerStatistics | undefined) => void): Promise<Watched<ContainerStatistics>>;
  /** `changed` hears of them when they are not what they were. @throws the same */
  watchProcesses(container: string, changed: (id: string, processes: ContainerProcess[] | undefined) => void): Promise<Watched<ContainerProcess[]>>;
}

/** Something of a container that is watched until `stop`. */
export interface Watched<Sample> {
  readonly id: string;
  readonly latest: Sample;
  stop(): void;
}

/** Which part of a log to show, and how. */
export interface LogViewOptions {
  readonly follow?: boolean;
  /** Only the last lines. */
  readonly tail?: number;
  /** Milliseconds since 1970; what was printed before is left out. */
  readonly since?: number;
  /** Milliseconds since 1970; what was printed later is left out, and `follow` ends then. */
  readonly until?: number;
  /** Put the time before each line. */
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal;
}

/** Storage that outlives containers. */
export interface VolumeService {
  /**
   * Answers with the one that exists when it is such as is wanted.
   * @throws BerthError InvalidArgument, VolumeNameInUse, DiskFull
   */
  create(spec: VolumeSpec): Promise<VolumeInfo>;
  list(): Promise<VolumeInfo[]>;
  /** @throws BerthError VolumeNotFound */
  inspect(name: string): Promise<VolumeInfo>;
  /** @throws BerthError VolumeInUse when a container refers to it; VolumeNotFound without `force` */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Removes the anonymous ones that no container refers to; with `all` the others, too. */
  prune(options?: PruneFilters & { readonly all?: boolean }): Promise<PruneResult>;
  /** `info` is absent when the volume was removed. */
  onDidChange(listener: (event: { readonly name: string; readonly info?: VolumeInfo }) => void): () => void;
}

/** What containers reach each other and everything else by. */
export interface NetworkService {
  /**
   * Answers with the one that exists when it is such as is wanted.
   * @throws BerthError InvalidArgument, NetworkNameInUse, NetworkInvalid
   */
  create(spec: NetworkSpec): Promise<NetworkInfo>;
  list(): Promise<NetworkInfo[]>;
  /** @throws BerthError NetworkNotFound */
  inspect(name: string): Promise<NetworkInfo>;
  /** @throws BerthError NetworkInUse when a container refers to it; NetworkNotFound without `force` */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Removes those that no container refers to, but for the default one. */
  prune(filters?: PruneFilters): Promise<PruneResult>;
  /** `info` is absent when the network was removed. */
  onDidChange(listener: (event: { readonly name: string; readonly info?: NetworkInfo }) => void): () => void;
}

/** What containers may reach of their networks. */
export interface PolicyService {
  /** What a container was denied, and in learn mode what it used, the newest first; also of one that does not run. */
  activity(container: string): Promise<NetworkActivity[]>;
  /**
   * Takes effect at once, and for later starts.
   * @throws BerthError ContainerNotFound; InvalidArgument when it has no network
   */
  setPolicy(container: string, policy: NetworkPolicy): Promise<ContainerInfo>;
}

export interface ContainerService {
  create(spec: ContainerSpec, options?: OperationOptions): Promise<ContainerInfo>;
  start(container: string, options?: OperationOptions): Promise<ContainerInfo>;
  /** The signal ends the wait for it; the container stops all the same. */
  stop(container: string, options?: { readonly timeoutSeconds?: number; readonly signal?: AbortSignal }): Promise<ContainerInfo>;
  signal(container: string, signal: string): Promise<void>;
  /** Stops it, if it runs, and starts it. */
  restart(container: string, options?: OperationOptions & { readonly timeoutSeconds?: number }): Promise<ContainerInfo>;
  /** @throws BerthError ContainerNotFound, ContainerNameInUse, InvalidArgument */
  rename(container: string, name: string): Promise<ContainerInfo>;
  /** With `volumes` its anonymous volumes go, too. */
  remove(container: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /** Running ones only, unless `all`; newest first. */
  list(options?: { readonly all?: boolean }): Promise<ContainerInfo[]>;
  inspect(container: string): Promise<ContainerInfo>;
  wait(container: string, signal?: AbortSignal): Promise<{ readonly exitCode: number }>;
  /**
   * Output from now on (from the beginning with `replay`), and input. With `start`, attaches first and then starts,
   * so that nothing is missed.
   */
  attach(container: string, options?: OperationOptions & { readonly start?: boolean; readonly replay?: boolean }): Promise<ProcessStreams>;
  /** Starts a further process in a running container. */
  exec(container: string, process: ExecOptions): Promise<ProcessStreams>;
  logs(container: string, options?: LogViewOptions): AsyncIterable<LogEntry>;
  /** `info` is absent when the container was removed. */
  onDidChange(listener: (event: { readonly id: string; readonly info?: ContainerInfo }) => void): () => void;
  /** A sentence that the user should see, whatever they are doing with Berth. */
  onNotice(listener: (message: string) => void): () => void;
  /** Finds the VMs that outlived an earlier host, and puts records right whose VM is gone. Called once, first. */
  adopt(): Promise<void>;
  /** The accelerator that VMs use here; undefined until it has been probed. */
  readonly accelerator: Accelerator | undefined;
  /** Lets go of all VMs without ending them. */
  dispose(): Promise<void>;
}

