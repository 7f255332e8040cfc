/** What a container uses. Counters count from the start of its virtual machine; rates are the differences of two. */
export interface ContainerStatistics {
  readonly id: string;
  readonly name: string;
  /** The guest's monotonic clock when the figures were taken. */
  readonly uptimeMicroseconds: number;
  readonly processors: number;
  readonly cpu: {
    readonly userMicroseconds: number;
    readonly systemMicroseconds: number;
  };
  /** Of the container's processes; the guest's kernel and init come on top. */
  readonly memory: {
    /** What docker shows: all but page cache that was not used lately. */
    readonly usedBytes: number;
    /** All of it, page cache too. */
    readonly totalBytes: number;
    /** Somewhat less than the virtual machine has. */
    readonly limitBytes: number;
    readonly peakBytes: number;
    readonly anonymousBytes: number;
    readonly pageCacheBytes: number;
  };
  /** Processes and threads. */
  readonly tasks: number;
  readonly disk: {
    readonly readBytes: number;
    readonly writtenBytes: number;
    readonly readOperations: number;
    readonly writeOperations: number;
  };
  /** Of all interfaces but the loopback. Absent where its vminitd is older than this. */
  readonly network?: { readonly receivedBytes: number; readonly sentBytes: number };
  /** Processes that the guest's kernel killed because memory ran out. */
  readonly oomKills: number;
  /** What it costs the host. */
  readonly host: {
    /** Resident memory of its QEMU: the guest's memory that was touched and not given back, and what QEMU needs itself. */
    readonly memoryBytes: number;
    /** Disk space of what it has written. The image's disk is shared and not counted. */
    readonly diskBytes: number;
  };
}

/** A process in a container; numbers of processes are those that the container sees. */
export interface ContainerProcess {
  readonly pid: number;
  /** 0 when its parent is not in the container, as with those that `exec` starts. */
  readonly parentPid: number;
  readonly uid: number;
  readonly gid: number;
  /** Names in the container's account files; absent without one. */
  readonly user?: string;
  readonly group?: string;
  /** One letter, as in proc(5): R, S, D, Z, T … */
  readonly state: string;
  /** Such as `pts/0`. */
  readonly terminal?: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly cpuMilliseconds: number;
  readonly virtualBytes: number;
  readonly residentBytes: number;
  readonly threads: number;
  readonly nice: number;
  readonly session: number;
  readonly processGroup: number;
  /** Of the program; the kernel keeps 15 bytes of it. */
  readonly name: string;
  /** Empty for a zombie. */
  readonly command: readonly string[];
}
