/** What a container's processes may do, and what they find around them. Everything is as with docker unless it is said here. */
export interface WorldOptions {
  /** Capabilities beside the usual ones, such as `NET_ADMIN` or `CAP_NET_ADMIN`; `ALL` for all. */
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  /** All capabilities, no filter of system calls, nothing of /proc, /sys and /dev kept away. It is still a machine of its own. */
  readonly privileged?: boolean;
  /** Programs give no more rights than their caller has, even if they are set-user-ID. */
  readonly noNewPrivileges?: boolean;
  /** No filter of system calls. */
  readonly unfiltered?: boolean;
  /** Nothing of /proc and /sys is hidden or protected. */
  readonly unmasked?: boolean;
  readonly ulimits?: readonly Ulimit[];
  /** A small init is the first process, and the command its child. */
  readonly init?: boolean;
  /** Names or numbers of groups that the user has besides, resolved inside the image. */
  readonly additionalGroups?: readonly string[];
  /** The beginning of the container's id when absent. */
  readonly hostname?: string;
  /** The root file system cannot be written. */
  readonly readOnlyRoot?: boolean;
  readonly tmpfs?: readonly Tmpfs[];
  /** Size of /dev/shm; default 64 MiB. */
  readonly sharedMemoryBytes?: number;
  /** The most processes and threads at once; no limit when absent. */
  readonly pidsLimit?: number;
}

/** A limit of setrlimit(2); -1 for none. */
export interface Ulimit {
  /** Such as `nofile`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** A file system in memory. */
export interface Tmpfs {
  /** Absolute path in the container. */
  readonly target: string;
  /** As for mount(8), such as `size=64m,mode=1770,exec`; `noexec,nosuid,nodev` unless it says otherwise. */
  readonly options?: string;
}

/** The names of {@link WorldOptions}, for whoever passes them on. */
export const worldOptionNames = [
  'capAdd', 'capDrop', 'privileged', 'noNewPrivileges', 'unfiltered', 'unmasked', 'ulimits', 'init', 'additionalGroups', 'hostname', 'readOnlyRoot', 'tmpfs',
  'sharedMemoryBytes', 'pidsLimit',
] as const satisfies readonly (keyof WorldOptions)[];
