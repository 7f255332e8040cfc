import { NotificationType, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { Grant, GrantWish } from './grants.ts';
import type { ContainerProcess, ContainerStatistics } from './statistics.ts';
import type { ForwardedPort, Listener, NetworkActivity, NetworkInfo, NetworkPolicy, NetworkSpec } from './networks.ts';
import type { SessionInfo, SessionParams } from './sessions.ts';
import type { ContainerInfo, ContainerSpec, DiskUsage, ExecOptions, ImageInfo, PruneFilters, PruneResult, SystemStatus, Mount, MountRefusal, WhenUnused } from './types.ts';
import type { VolumeInfo, VolumeSpec } from './volumes.ts';

/**
 * JSON-RPC methods between clients and the runtime host, spoken over one WebSocket (one JSON-RPC message per text
 * message) at the path {@link rpcPath}. The connection is also an LSP connection: `initialize` is LSP's, progress is
 * LSP's work-done progress (`workDoneToken` in the request, `$/progress` from the host) and `$/cancelRequest` cancels.
 * Errors carry an ErrorPayload (errors.ts) in `data`.
 */
export const rpcPath = '/rpc';

export interface WorkDoneParams {
  readonly workDoneToken?: string | number;
}

/** LSP's WorkDoneProgress values (LSP 3.17, "Work Done Progress"). */
export type WorkDoneProgress =
  | { readonly kind: 'begin'; readonly title: string; readonly message?: string; readonly percentage?: number; readonly cancellable?: boolean }
  | { readonly kind: 'report'; readonly message?: string; readonly percentage?: number }
  | { readonly kind: 'end'; readonly message?: string };

export const workDoneProgress = new ProgressType<WorkDoneProgress>();

/** Containers are named by id, unambiguous id prefix, or name. */
export interface ContainerParams {
  readonly container: string;
}

export const SystemStatusRequest = new RequestType0<SystemStatus, void>('system/status');
/** Ends the runtime host. Containers that run are left running unless `stopContainers`. */
export const SystemStopRequest = new RequestType<{ readonly stopContainers?: boolean }, null, void>('system/stop');
export const SystemUsageRequest = new RequestType0<DiskUsage, void>('system/usage');

export const ImagePullRequest = new RequestType<{ readonly reference: string } & WorkDoneParams, ImageInfo, void>('image/pull');
export const ImageListRequest = new RequestType0<ImageInfo[], void>('image/list');
export const ImageInspectRequest = new RequestType<{ readonly reference: string }, ImageInfo, void>('image/inspect');
export const ImageRemoveRequest = new RequestType<{ readonly reference: string; readonly force?: boolean }, null, void>('image/remove');
/** Removes the images that no container uses. */
export const ImagePruneRequest = new RequestType<PruneFilters, PruneResult, void>('image/prune');

/** Pulls the image first when it is not local. */
export const ContainerCreateRequest = new RequestType<ContainerSpec & WorkDoneParams, ContainerInfo, void>('container/create');
/** Which of these directories are shared only with `force`. */
export const MountCheckRequest = new RequestType<{ readonly mounts: readonly Mount[] }, MountRefusal[], void>('mount/check');
/**
 * Gives a container one more directory, which is {@link Mount.revocable}. A running one has it when the answer comes, one
 * that does not run gets it when it starts.
 */
export const ContainerShareRequest = new RequestType<ContainerParams & { readonly mount: Mount }, ContainerInfo, void>('container/share');
/** Takes the directory at a place of the container away. In a running one files that are open there give errors from then on. */
export const ContainerUnshareRequest = new RequestType<ContainerParams & { readonly target: string }, ContainerInfo, void>('container/unshare');
export const GrantListRequest = new RequestType0<Grant[], void>('grant/list');
/**
 * Notes what the user decided; it takes the place of an earlier decision about the same directory for the same workspace.
 * What that one allowed and this one does not is taken away from the workspace's containers.
 */
export const GrantDecideRequest = new RequestType<GrantWish, Grant, void>('grant/decide');
/** Forgets a decision, and takes the directory away from the workspace's containers. */
export const GrantRevokeRequest = new RequestType<{ readonly id: string }, null, void>('grant/revoke');
/** Answers when the first process runs. */
export const ContainerStartRequest = new RequestType<ContainerParams & WorkDoneParams, ContainerInfo, void>('container/start');
/** Sends the stop signal, waits `timeoutSeconds` (default 10), then kills. Answers when the VM has ended. */
export const ContainerStopRequest = new RequestType<ContainerParams & { readonly timeoutSeconds?: number }, ContainerInfo, void>('container/stop');
/** Stops it like `container/stop`, if it runs, and starts it. */
export const ContainerRestartRequest = new RequestType<ContainerParams & { readonly timeoutSeconds?: number } & WorkDoneParams, ContainerInfo, void>('container/restart');
export const ContainerRenameRequest = new RequestType<ContainerParams & { readonly name: string }, ContainerInfo, void>('container/rename');
/** Sends a signal, by name or number, to the first process. */
export const ContainerSignalRequest = new RequestType<ContainerParams & { readonly signal: string }, null, void>('container/signal');
/** With `volumes` its anonymous volumes go, too. */
export const ContainerRemoveRequest = new RequestType<ContainerParams & { readonly force?: boolean; readonly volumes?: boolean }, null, void>('container/remove');
/** Removes the containers that do not run. */
export const ContainerPruneRequest = new RequestType<PruneFilters, PruneResult, void>('container/prune');
export const ContainerListRequest = new RequestType<{ readonly all?: boolean }, ContainerInfo[], void>('container/list');
export const ContainerInspectRequest = new RequestType<ContainerParams, ContainerInfo, void>('container/inspect');
/** Answers when the container has stopped, at once if it is not running. */
export const ContainerWaitRequest = new RequestType<ContainerParams, { readonly exitCode: number }, void>('container/wait');
/**
 * Prepares a further process; it starts when a stream is opened to {@link execStreamPath}. With `detach` it has started
 * when the answer comes, without input, and what it prints is dropped.
 */
export const ContainerExecRequest = new RequestType<ContainerParams & ExecOptions & { readonly detach?: boolean }, { readonly execId?: string }, void>('container/exec');

/**
 * From now on, until it releases it or its connection ends, this client uses the container. Half a minute after its last user
 * has gone, what the last one has wished happens; a host that is killed meanwhile leaves that to the next one.
 */
export const ContainerUseRequest = new RequestType<ContainerParams & { readonly whenUnused: WhenUnused }, ContainerInfo, void>('container/use');
export const ContainerReleaseRequest = new RequestType<ContainerParams, null, void>('container/release');

/** The sessions of a container (sessions.ts), oldest first; none when it does not run. */
export const SessionListRequest = new RequestType<ContainerParams, SessionInfo[], void>('session/list');
/** Hangs a session up (SIGHUP), and kills its process when that does not end it. Answers at once. */
export const SessionEndRequest = new RequestType<SessionParams, null, void>('session/end');

/** What a running container uses at this moment. */
export const ContainerStatisticsRequest = new RequestType<ContainerParams, ContainerStatistics, void>('container/statistics');
/** All processes in a running container, in the order of their numbers. */
export const ContainerProcessesRequest = new RequestType<ContainerParams, ContainerProcess[], void>('container/processes');
/** From now on this client hears every few seconds what a running container uses ({@link StatisticsDidChange}); answers with what it uses now. */
export const StatisticsWatchRequest = new RequestType<ContainerParams, ContainerStatistics, void>('statistics/watch');
export const StatisticsUnwatchRequest = new RequestType<ContainerParams, null, void>('statistics/unwatch');
/** Sent to clients that watch. `statistics` is absent when the container has ended. */
export const StatisticsDidChange = new NotificationType<{ readonly id: string; readonly statistics?: ContainerStatistics }>('statistics/didChange');
/** From now on this client hears when the processes of a running container change ({@link ProcessesDidChange}); answers with those that there are. */
export const ProcessesWatchRequest = new RequestType<ContainerParams, ContainerProcess[], void>('processes/watch');
export const ProcessesUnwatchRequest = new RequestType<ContainerParams, null, void>('processes/unwatch');
/** Sent to clients that watch. `processes` is absent when the container has ended. */
export const ProcessesDidChange = new NotificationType<{ readonly id: string; readonly processes?: readonly ContainerProcess[] }>('processes/didChange');

/** Answers with the one that exists when it is the same. */
export const VolumeCreateRequest = new RequestType<VolumeSpec, VolumeInfo, void>('volume/create');
export const VolumeListRequest = new RequestType0<VolumeInfo[], void>('volume/list');
export const VolumeInspectRequest = new RequestType<{ readonly volume: string }, VolumeInfo, void>('volume/inspect');
/** With `force` it is no error when there is no such volume; one that a container refers to stays in any case. */
export const VolumeRemoveRequest = new RequestType<{ readonly volume: string; readonly force?: boolean }, null, void>('volume/remove');
/** Removes the anonymous volumes that no container refers to; with `all` the others, too. */
export const VolumePruneRequest = new RequestType<PruneFilters & { readonly all?: boolean }, PruneResult, void>('volume/prune');

/** Answers with the one that exists when it is the same. */
export const NetworkCreateRequest = new RequestType<NetworkSpec, NetworkInfo, void>('network/create');
export const NetworkListRequest = new RequestType0<NetworkInfo[], void>('network/list');
export const NetworkInspectRequest = new RequestType<{ readonly network: string }, NetworkInfo, void>('network/inspect');
/** With `force` it is no error when there is no such network; one that a container refers to stays in any case. */
export const NetworkRemoveRequest = new RequestType<{ readonly network: string; readonly force?: boolean }, null, void>('network/remove');
/** Removes the networks that no container refers to, but for the default one. */
export const NetworkPruneRequest = new RequestType<PruneFilters, PruneResult, void>('network/prune');
/** What a container tried and was denied, and in learn mode what it used; also of one that has ended. */
export const ContainerActivityRequest = new RequestType<ContainerParams, NetworkActivity[], void>('container/activity');
/** Takes effect at once, and for later starts. */
export const ContainerPolicyRequest = new RequestType<ContainerParams & { readonly policy: NetworkPolicy }, ContainerInfo, void>('container/setPolicy');

/** Lets a port of the host's loopback lead to a running container's port, on whatever address it listens there. */
export const PortForwardRequest = new RequestType<ContainerParams & { readonly containerPort: number; readonly hostPort?: number; readonly hostAddress?: string }, ForwardedPort, void>('port/forward');
export const PortStopForwardRequest = new RequestType<ContainerParams & { readonly hostPort: number; readonly hostAddress?: string }, null, void>('port/stopForward');
/** From now on this client hears of the listeners in a running container ({@link ListenersDidChange}); answers with those that there are. */
export const ListenersWatchRequest = new RequestType<ContainerParams, Listener[], void>('port/watchListeners');
export const ListenersUnwatchRequest = new RequestType<ContainerParams, null, void>('port/unwatchListeners');
/** Sent to clients that watch. `listeners` is absent when the container has ended. */
export const ListenersDidChange = new NotificationType<{ readonly id: string; readonly listeners?: readonly Listener[] }>('port/listenersDidChange');

/** Sent to every client; `grant` is absent when it was revoked or forgotten. */
export const GrantDidChange = new NotificationType<{ readonly id: string; readonly grant?: Grant }>('grant/didChange');
/** Sent to every client when a network was made or removed; `info` is absent then. */
export const NetworkDidChange = new NotificationType<{ readonly name: string; readonly info?: NetworkInfo }>('network/didChange');
/** Sent to every client when a volume was made or removed; `info` is absent then. */
export const VolumeDidChange = new NotificationType<{ readonly name: string; readonly info?: VolumeInfo }>('volume/didChange');
/** Sent to every client; `info` is absent when the container was removed. */
export const ContainerDidChange = new NotificationType<{ readonly id: string; readonly info?: ContainerInfo }>('container/didChange');
/** Sent to every client when the list of images has changed. */
export const ImageDidChange = new NotificationType<{ readonly reference: string; readonly info?: ImageInfo }>('image/didChange');

/** LSP's MessageType (LSP 3.17, "ShowMessage Notification"), as far as the host uses it. */
export const warningMessage = 2;
/** LSP's own: a sentence for the user, sent to every client. */
export const ShowMessage = new NotificationType<{ readonly type: typeof warningMessage; readonly message: string }>('window/showMessage');
