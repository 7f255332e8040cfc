import type { ContainerStatistics } from '../protocol/statistics.ts';
import type { ContainerInfo } from '../protocol/types.ts';
import { formatBinarySize, formatSize, formatTable } from './output.ts';

/** What `stats` shows of a container: its figures, and those that are computed from two times. */
export interface StatisticsRow extends Partial<ContainerStatistics> {
  readonly id: string;
  readonly name: string;
  /** 100 is one processor. Absent when there is nothing to compare with. */
  readonly cpuPercent?: number;
  /** Of the container's limit. */
  readonly memoryPercent?: number;
}

/** @param before the same container's figures of an earlier time */
export function statisticsRow({ id, name }: ContainerInfo, now?: ContainerStatistics, before?: ContainerStatistics): StatisticsRow {
  if (!now) return { id, name };
  // One that was started anew in between counts from the beginning.
  const comparable = before && before.uptimeMicroseconds < now.uptimeMicroseconds && cpuMicroseconds(before) <= cpuMicroseconds(now);
  return {
    ...now,
    ...(comparable && { cpuPercent: percentOf(cpuMicroseconds(now) - cpuMicroseconds(before), now.uptimeMicroseconds - before.uptimeMicroseconds) }),
    memoryPercent: percentOf(now.memory.usedBytes, now.memory.limitBytes),
  };
}

/** Docker's columns, and what it costs the host. */
export function statisticsTable(rows: readonly StatisticsRow[], truncate: boolean): string {
  return formatTable(
    ['CONTAINER ID', 'NAME', 'CPU %', 'MEM USAGE / LIMIT', 'MEM %', 'BLOCK I/O', 'PIDS', 'HOST MEM', 'HOST DISK'],
    rows.map(({ id, name, cpuPercent, memoryPercent, memory, disk, tasks, host }) => [
      truncate ? id.slice(0, 12) : id,
      name,
      cpuPercent === undefined ? '--' : `${cpuPercent.toFixed(2)}%`,
      memory ? `${formatBinarySize(memory.usedBytes)} / ${formatBinarySize(memory.limitBytes)}` : '-- / --',
      memoryPercent === undefined ? '--' : `${memoryPercent.toFixed(2)}%`,
      disk ? `${formatSize(disk.readBytes)} / ${formatSize(disk.writtenBytes)}` : '-- / --',
      tasks === undefined ? '--' : String(tasks),
      host ? formatBinarySize(host.memoryBytes) : '--',
      host ? formatBinarySize(host.diskBytes) : '--',
    ]),
  );
}

function cpuMicroseconds({ cpu }: ContainerStatistics): number {
  return cpu.userMicroseconds + cpu.systemMicroseconds;
}

/** With two decimals; 0 of nothing. */
function percentOf(part: number, whole: number): number {
  return whole > 0 ? Math.round((part / whole) * 10_000) / 100 : 0;
}
