import type { ContainerProcess, ContainerStatistics } from '../protocol/statistics.ts';
import type { ListProcessesResponse, StatisticsResponse } from './gen/guest_pb.js';

/** What the guest knows of a container's use; the host adds the rest. */
export type GuestStatistics = Omit<ContainerStatistics, 'id' | 'name' | 'host'>;

const microsecond = 1000n;
const millisecond = 1_000_000n;

export function statisticsOf(answer: StatisticsResponse): GuestStatistics {
  return {
    uptimeMicroseconds: Number(answer.monotonicNanoseconds / microsecond),
    processors: answer.processors,
    cpu: {
      userMicroseconds: Number(answer.cpuUserNanoseconds / microsecond),
      systemMicroseconds: Number(answer.cpuSystemNanoseconds / microsecond),
    },
    memory: {
      usedBytes: Number(answer.memoryBytes - smaller(answer.memoryBytes, answer.inactivePageCacheBytes)),
      totalBytes: Number(answer.memoryBytes),
      limitBytes: Number(answer.memoryLimitBytes),
      peakBytes: Number(answer.memoryPeakBytes),
      anonymousBytes: Number(answer.anonymousBytes),
      pageCacheBytes: Number(answer.pageCacheBytes),
    },
    tasks: Number(answer.tasks),
    disk: {
      readBytes: Number(answer.readBytes),
      writtenBytes: Number(answer.writtenBytes),
      readOperations: Number(answer.readOperations),
      writeOperations: Number(answer.writeOperations),
    },
    oomKills: Number(answer.oomKills),
    ...(answer.network && { network: { receivedBytes: Number(answer.network.receivedBytes), sentBytes: Number(answer.network.sentBytes) } }),
  };
}

export function processesOf(answer: ListProcessesResponse): ContainerProcess[] {
  return answer.processes.map((process) => ({
    pid: process.pid,
    parentPid: process.parentPid,
    uid: process.uid,
    gid: process.gid,
    ...(process.user && { user: process.user }),
    ...(process.group && { group: process.group }),
    state: process.state,
    ...(process.terminal && { terminal: process.terminal }),
    startedAt: new Date(Number(process.startedUnixNanoseconds / millisecond)).toISOString(),
    cpuMilliseconds: Number(process.cpuNanoseconds / millisecond),
    virtualBytes: Number(process.virtualBytes),
    residentBytes: Number(process.residentBytes),
    threads: process.threads,
    nice: process.nice,
    session: process.session,
    processGroup: process.processGroup,
    name: process.name,
    command: process.arguments,
  }));
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
