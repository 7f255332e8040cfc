import type { ContainerInfo, SystemStatus } from '../../runtime-host/protocol/types.ts';
import type { BenchOptions, Figures } from './main.ts';
import { figureOf, proportionalMiB, residentMiB } from './processFigures.ts';
import { median, startScratchBerth } from './scratchBerth.ts';
import type { ScratchBerth } from './scratchBerth.ts';

/**
 * Resident memory in MiB: of the idle runtime host (`hostMiB`), and what each idle container costs beyond the memory that
 * its guest itself uses (`perContainerMiB`): QEMU without that, and what the host grew by. `guestMiB` is the guest's own
 * use, kernel included; `qemuMiB` the whole process.
 */
export default async function memory({ containers: count = 3 }: BenchOptions): Promise<Figures> {
  const berth = await startScratchBerth();
  try {
    const { pid } = JSON.parse(await berth.container('system', 'status', '--format', 'json')) as SystemStatus;
    const hostMiB = residentMiB(pid);
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) ids.push((await berth.container('run', '-d', berth.image, 'sleep', '1000000')).trim());
    const hostWithContainersMiB = residentMiB(pid);
    const each = [];
    for (const id of ids) each.push(await measure(berth, id));
    const overheadMiB = median(each.map(({ qemuMiB, guestMiB }) => qemuMiB - guestMiB));
    return {
      hostMiB,
      perContainerMiB: overheadMiB + (hostWithContainersMiB - hostMiB) / count,
      hostWithContainersMiB,
      qemuMiB: median(each.map(({ qemuMiB }) => qemuMiB)),
      guestMiB: median(each.map(({ guestMiB }) => guestMiB)),
    };
  } finally {
    await berth.dispose();
  }
}

async function measure(berth: ScratchBerth, id: string): Promise<{ qemuMiB: number; guestMiB: number }> {
  const free = figureOf(await berth.container('exec', id, 'cat', '/proc/meminfo'), 'MemFree') / 1024;
  const [container] = JSON.parse(await berth.container('inspect', id)) as ContainerInfo[];
  if (container?.vmPid === undefined) throw new Error(`The container ${id} does not run.`);
  return { qemuMiB: proportionalMiB(container.vmPid), guestMiB: container.memoryBytes / 1024 ** 2 - free };
}
