import { readFileSync } from 'node:fs';
import type { ContainerInfo, SystemStatus } from '../../runtime-host/protocol/types.ts';
import type { Figures } from './main.ts';
import { startScratchBerth } from './scratchBerth.ts';

/** Resident memory, in MiB, of the idle runtime host and of the QEMU of one idle container. */
export default async function memory(): Promise<Figures> {
  const berth = await startScratchBerth();
  try {
    const hostPid = await statusPid(berth.container);
    const hostMiB = residentMiB(hostPid);
    const id = (await berth.container('run', '-d', berth.image, 'sleep', '600')).trim();
    const [container] = JSON.parse(await berth.container('inspect', id)) as ContainerInfo[];
    const qemuMiB = residentMiB(container!.vmPid!);
    const hostWithContainerMiB = residentMiB(hostPid);
    await berth.container('rm', '-f', id);
    return { hostMiB, hostWithContainerMiB, qemuMiB };
  } finally {
    await berth.dispose();
  }
}

async function statusPid(container: (...args: string[]) => Promise<string>): Promise<number> {
  return (JSON.parse(await container('system', 'status', '--format', 'json')) as SystemStatus).pid;
}

function residentMiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`Process ${pid} has no resident memory to read.`);
  return Number(match[1]) / 1024;
}
