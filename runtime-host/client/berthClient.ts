import { BerthError } from '../protocol/errors.ts';
import * as methods from '../protocol/methods.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { copyFromStreamPath, copyToStreamPath, exportStreamPath } from '../protocol/archiveStreams.ts';
import type { CopyFromOptions, CopyToOptions } from '../protocol/archiveStreams.ts';
import { attachStreamPath, execStreamPath, logStreamPath, sessionStreamPath } from '../protocol/streams.ts';
import type { LogOptions } from '../protocol/streams.ts';
import type { SessionInfo } from '../protocol/sessions.ts';
import type { ContainerProcess, ContainerStatistics } from '../protocol/statistics.ts';
import type { ContainerInfo, ContainerSpec, DiskUsage, ImageInfo, ExecOptions, PruneFilters, PruneResult, SystemStatus, Mount, MountRefusal, WhenUnused } from '../protocol/types.ts';
import type { Listener, NetworkInfo } from '../protocol/networks.ts';
import type { VolumeInfo } from '../protocol/volumes.ts';
import type { HostStream } from './hostStreams.ts';
import { GrantRequests } from './grantRequests.ts';
import { NetworkRequests } from './networkRequests.ts';
import { PortRequests } from './portRequests.ts';
import { Requester, type LongRequestOptions, type RequestChannel, type RequestOptions } from './requester.ts';
import { StatisticsRequests } from './statisticsRequests.ts';
import { VolumeRequests } from './volumeRequests.ts';

/** Opens a further socket to the host for a byte stream. */
export type OpenStream = (path: string, signal?: AbortSignal) => Promise<HostStream>;

/** Where the host is, beside its JSON-RPC connection. A HostTransport fits. */
export interface HostEndpoint {
  readonly paths: BerthPaths;
  readonly openStream: OpenStream;
}

export type ContainerChange = { readonly id: string; readonly info?: ContainerInfo };
export type VolumeChange = { readonly name: string; readonly info?: VolumeInfo };
export type NetworkChange = { readonly name: string; readonly info?: NetworkInfo };
/** `listeners` is absent when the container has ended. */
export type ListenersChange = { readonly id: string; readonly listeners?: readonly Listener[] };
/** `statistics` is absent when the container has ended. */
export type StatisticsChange = { readonly id: string; readonly statistics?: ContainerStatistics };
/** `processes` is absent when the container has ended. */
export type ProcessesChange = { readonly id: string; readonly processes?: readonly ContainerProcess[] };
export type ImageChange = { readonly reference: string; readonly info?: ImageInfo };

/**
 * Everything that the runtime host does, typed. Every method rejects with a BerthError: what the host answered,
 * `Cancelled` after the signal, `HostUnreachable` when the connection is lost.
 */
export class BerthClient {
  readonly system: SystemRequests;
  readonly images: ImageRequests;
  readonly containers: ContainerRequests;
  readonly volumes: VolumeRequests;
  readonly networks: NetworkRequests;
  readonly ports: PortRequests;
  readonly statistics: StatisticsRequests;
  readonly grants: GrantRequests;

  readonly #channel: RequestChannel;

  constructor(channel: RequestChannel, host: HostEndpoint) {
    this.#channel = channel;
    const requester = new Requester(channel, host.paths);
    this.system = new SystemRequests(requester);
    this.images = new ImageRequests(requester);
    this.containers = new ContainerRequests(requester, host.openStream);
    this.volumes = new VolumeRequests(requester);
    this.networks = new NetworkRequests(requester);
    this.ports = new PortRequests(requester);
    this.statistics = new StatisticsRequests(requester);
    this.grants = new GrantRequests(requester, channel);
  }

  /** Calls the listener on every change of any container, from any client. Returns what ends that. */
  onContainerDidChange(listener: (change: ContainerChange) => void): () => void {
    return this.#listen(methods.ContainerDidChange.method, listener as (change: unknown) => void);
  }

  onImageDidChange(listener: (change: ImageChange) => void): () => void {
    return this.#listen(methods.ImageDidChange.method, listener as (change: unknown) => void);
  }

  onVolumeDidChange(listener: (change: VolumeChange) => void): () => void {
    return this.#listen(methods.VolumeDidChange.method, listener as (change: unknown) => void);
  }

  onNetworkDidChange(listener: (change: NetworkChange) => void): () => void {
    return this.#listen(methods.NetworkDidChange.method, listener as (change: unknown) => void);
  }

  /** Of the containers that `ports.watchListeners` was asked about. */
  onListenersDidChange(listener: (change: ListenersChange) => void): () => void {
    return this.#listen(methods.ListenersDidChange.method, listener as (change: unknown) => void);
  }

  /** Of the containers that `statistics.watch` was asked about. */
  onStatisticsDidChange(listener: (change: StatisticsChange) => void): () => void {
    return this.#listen(methods.StatisticsDidChange.method, listener as (change: unknown) => void);
  }

  /** Of the containers that `statistics.watchProcesses` was asked about. */
  onProcessesDidChange(listener: (change: ProcessesChange) => void): () => void {
    return this.#listen(methods.ProcessesDidChange.method, listener as (change: unknown) => void);
  }

  /** Calls the listener with every sentence that the host has for its users. */
  onMessage(listener: (message: string) => void): () => void {
    return this.#listen(methods.ShowMessage.method, (params) => listener((params as { readonly message: string }).message));
  }

  #listen(method: string, listener: (change: unknown) => void): () => void {
    const registration = this.#channel.onNotification(method, listener);
    return () => registration.dispose();
  }
}

class SystemRequests {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  status(): Promise<SystemStatus> {
    return this.#requester.send(methods.SystemStatusRequest);
  }

  /** What takes room on the disk. */
  usage(): Promise<DiskUsage> {
    return this.#requester.send(methods.SystemUsageRequest);
  }

  /** Ends the runtime host; it closes this connection when it has. */
  async stop(options: { readonly stopContainers?: boolean } = {}): Promise<void> {
    await this.#requester.sendWith(methods.SystemStopRequest, options);
  }
}

class ImageRequests {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  pull(reference: string, options?: LongRequestOptions): Promise<ImageInfo> {
    return this.#requester.sendLong(methods.ImagePullRequest, { reference }, options);
  }

  list(): Promise<ImageInfo[]> {
    return this.#requester.send(methods.ImageListRequest);
  }

  inspect(reference: string): Promise<ImageInfo> {
    return this.#requester.sendWith(methods.ImageInspectRequest, { reference });
  }

  async remove(reference: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#requester.sendWith(methods.ImageRemoveRequest, { reference, ...options });
  }

  /** Removes the images that no container uses. */
  prune(filters: PruneFilters = {}): Promise<PruneResult> {
    return this.#requester.sendWith(methods.ImagePruneRequest, filters);
  }
}

class ContainerRequests {
  readonly #requester: Requester;
  readonly #openStream: OpenStream;

  constructor(requester: Requester, openStream: OpenStream) {
    this.#requester = requester;
    this.#openStream = openStream;
  }

  /** Which of these directories a container gets only with `force`, and why. */
  refusedMounts(mounts: readonly Mount[], options?: RequestOptions): Promise<MountRefusal[]> {
    return this.#requester.sendWith(methods.MountCheckRequest, { mounts }, options);
  }

  /** Pulls the image first when it is not local. */
  create(spec: ContainerSpec, options?: LongRequestOptions): Promise<ContainerInfo> {
    return this.#requester.sendLong(methods.ContainerCreateRequest, spec, options);
  }

  start(container: string, options?: LongRequestOptions): Promise<ContainerInfo> {
    return this.#requester.sendLong(methods.ContainerStartRequest, { container }, options);
  }

  stop(container: string, options: RequestOptions & { readonly timeoutSeconds?: number } = {}): Promise<ContainerInfo> {
    const { signal, ...rest } = options;
    return this.#requester.sendWith(methods.ContainerStopRequest, { container, ...rest }, signal && { signal });
  }

  /** Stops it, if it runs, and starts it. */
  restart(container: string, { timeoutSeconds, ...options }: LongRequestOptions & { readonly timeoutSeconds?: number } = {}): Promise<ContainerInfo> {
    return this.#requester.sendLong(methods.ContainerRestartRequest, { container, ...(timeoutSeconds !== undefined && { timeoutSeconds }) }, options);
  }

  rename(container: string, name: string): Promise<ContainerInfo> {
    return this.#requester.sendWith(methods.ContainerRenameRequest, { container, name });
  }

  /** Gives it one more directory, which can be taken away again: a running one has it when this settles, others when they start. */
  share(container: string, mount: Mount, options?: RequestOptions): Promise<ContainerInfo> {
    return this.#requester.sendWith(methods.ContainerShareRequest, { container, mount }, options);
  }

  /** Takes the directory at a place of the container away. */
  unshare(container: string, target: string, options?: RequestOptions): Promise<ContainerInfo> {
    return this.#requester.sendWith(methods.ContainerUnshareRequest, { container, target }, options);
  }

  /** Sends a signal, by name or number, to the first process. */
  async signal(container: string, signal: string): Promise<void> {
    await this.#requester.sendWith(methods.ContainerSignalRequest, { container, signal });
  }

  async remove(container: string, options: { readonly force?: boolean; readonly volumes?: boolean } = {}): Promise<void> {
    await this.#requester.sendWith(methods.ContainerRemoveRequest, { container, ...options });
  }

  /** Removes the containers that do not run. */
  prune(filters: PruneFilters = {}): Promise<PruneResult> {
    return this.#requester.sendWith(methods.ContainerPruneRequest, filters);
  }

  list(options: { readonly all?: boolean } = {}): Promise<ContainerInfo[]> {
    return this.#requester.sendWith(methods.ContainerListRequest, options);
  }

  inspect(container: string): Promise<ContainerInfo> {
    return this.#requester.sendWith(methods.ContainerInspectRequest, { container });
  }

  /** Settles when the container has stopped, at once if it is not running. */
  wait(container: string, options?: RequestOptions): Promise<{ readonly exitCode: number }> {
    return this.#requester.sendWith(methods.ContainerWaitRequest, { container }, options);
  }

  /** Until {@link release}, or the end of this connection, it is in use; what becomes of it afterwards, the last user decides. */
  use(container: string, whenUnused: WhenUnused, options?: RequestOptions): Promise<ContainerInfo> {
    return this.#requester.sendWith(methods.ContainerUseRequest, { container, whenUnused }, options);
  }

  async release(container: string): Promise<void> {
    await this.#requester.sendWith(methods.ContainerReleaseRequest, { container });
  }

  /** What a running container uses at this moment. */
  statistics(container: string, options?: RequestOptions): Promise<ContainerStatistics> {
    return this.#requester.sendWith(methods.ContainerStatisticsRequest, { container }, options);
  }

  /** All processes in a running container. */
  processes(container: string, options?: RequestOptions): Promise<ContainerProcess[]> {
    return this.#requester.sendWith(methods.ContainerProcessesRequest, { container }, options);
  }

  /** The first process's streams; with `start` the container starts once we are attached, so that nothing is missed. */
  attach(container: string, options: RequestOptions & { readonly start?: boolean; readonly replay?: boolean } = {}): Promise<HostStream> {
    return this.#openStream(attachStreamPath(container, options), options.signal);
  }

  /** Starts a further process in a running container and returns its streams. */
  async exec(container: string, process: ExecOptions, options?: RequestOptions): Promise<HostStream> {
    const { execId } = await this.#requester.sendWith(methods.ContainerExecRequest, { container, ...process }, options);
    if (execId === undefined) throw new BerthError('Internal', 'The runtime host has not prepared the process.');
    return this.#openStream(execStreamPath(execId), options?.signal);
  }

  /** Starts a further process and leaves it to itself: settles when it runs; what it prints is dropped. */
  async execDetached(container: string, process: ExecOptions, options?: RequestOptions): Promise<void> {
    await this.#requester.sendWith(methods.ContainerExecRequest, { container, ...process, detach: true }, options);
  }

  /** Terminals that go on without a client; they are begun by {@link exec} with `session`. */
  sessions(container: string, options?: RequestOptions): Promise<SessionInfo[]> {
    return this.#requester.sendWith(methods.SessionListRequest, { container }, options);
  }

  /** Joins a session: the last of what it has printed, and what it prints from now on. Closing the stream leaves it. */
  attachSession(container: string, session: string, options?: RequestOptions): Promise<HostStream> {
    return this.#openStream(sessionStreamPath(container, session), options?.signal);
  }

  /** Hangs a session up. */
  async endSession(container: string, session: string): Promise<void> {
    await this.#requester.sendWith(methods.SessionEndRequest, { container, session });
  }

  /**
   * A file or directory of a container as tar, on `stdout`. The status settles when all has come: without it, what came
   * is not all.
   */
  copyFrom(container: string, path: string, options: RequestOptions & CopyFromOptions = {}): Promise<HostStream> {
    return this.#openStream(copyFromStreamPath(container, path, options), options.signal);
  }

  /** Makes files in a container from tar, on `stdin`, whose end is the archive's. The status settles when all are there. */
  copyTo(container: string, path: string, options: RequestOptions & CopyToOptions): Promise<HostStream> {
    return this.#openStream(copyToStreamPath(container, path, options), options.signal);
  }

  /** The root file system of a container as tar, on `stdout`, without what is mounted in it. */
  export(container: string, options: RequestOptions = {}): Promise<HostStream> {
    return this.#openStream(exportStreamPath(container), options.signal);
  }

  /** What the first process printed. Closing the stream ends a `follow`. */
  logs(container: string, options: RequestOptions & LogOptions = {}): Promise<HostStream> {
    return this.#openStream(logStreamPath(container, options), options.signal);
  }
}

export type { ContainerRequests, ImageRequests, SystemRequests };
