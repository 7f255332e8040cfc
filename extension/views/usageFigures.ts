import type { ContainerStatistics } from '../../runtime-host/protocol/statistics.ts';
import { formatBytes } from './format.ts';

/** One line about what a container uses. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly icon: string;
  readonly explanation: string;
}

/** Of one processor, in percent, between two samples; undefined as long as there is one sample only. */
export function processorPercent(now: ContainerStatistics, before: ContainerStatistics | undefined): number | undefined {
  const elapsed = before ? now.uptimeMicroseconds - before.uptimeMicroseconds : 0;
  if (!before || elapsed <= 0) return undefined;
  const used = now.cpu.userMicroseconds + now.cpu.systemMicroseconds - before.cpu.userMicroseconds - before.cpu.systemMicroseconds;
  return Math.max(0, (used / elapsed) * 100);
}

/** What is shown of a container's use of its machine, the previous sample being there for rates. */
export function usageFigures(now: ContainerStatistics, before: ContainerStatistics | undefined): Figure[] {
  const rate = (current: number, earlier: number | undefined): string => {
    const seconds = before ? (now.uptimeMicroseconds - before.uptimeMicroseconds) / 1_000_000 : 0;
    return earlier === undefined || seconds <= 0 ? '…' : `${formatBytes(Math.max(0, current - earlier) / seconds)}/s`;
  };
  const { memory, disk, network, host } = now;
  return [
    { name: 'CPU', value: percent(now, before), icon: 'dashboard', explanation: `100 % is one processor; it has ${now.processors}.` },
    { name: 'Memory', value: `${formatBytes(memory.usedBytes)} of ${formatBytes(memory.limitBytes)}`, icon: 'chip', explanation: `Of its processes. At most it was ${formatBytes(memory.peakBytes)}; ${formatBytes(memory.pageCacheBytes)} are cached files.` },
    { name: 'Disk', value: `${rate(disk.readBytes, before?.disk.readBytes)} read, ${rate(disk.writtenBytes, before?.disk.writtenBytes)} written`, icon: 'server', explanation: `Since it was started, ${formatBytes(disk.readBytes)} were read and ${formatBytes(disk.writtenBytes)} written.` },
    ...(network ? [{ name: 'Network', value: `${rate(network.receivedBytes, before?.network?.receivedBytes)} received, ${rate(network.sentBytes, before?.network?.sentBytes)} sent`, icon: 'globe', explanation: `Since it was started, ${formatBytes(network.receivedBytes)} were received and ${formatBytes(network.sentBytes)} sent.` }] : []),
    { name: 'On this machine', value: `${formatBytes(host.memoryBytes)} memory, ${formatBytes(host.diskBytes)} disk`, icon: 'vm', explanation: 'What its virtual machine takes of this machine. The image’s disk is shared, and not counted.' },
  ];
}

/** The shortest that can be said: `12 % · 120 MB`. */
export function usageSummary(now: ContainerStatistics, before: ContainerStatistics | undefined): string {
  return `${percent(now, before)} · ${formatBytes(now.memory.usedBytes)}`;
}

function percent(now: ContainerStatistics, before: ContainerStatistics | undefined): string {
  const value = processorPercent(now, before);
  return value === undefined ? '…' : `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** Processor time as ps has it: `0:03`, `12:40:01`. */
export function formatProcessorTime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
