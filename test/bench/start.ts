import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newcArchive, file } from '../../guest/vminitd/newc.mjs';
import { silentLogger } from '../../runtime-host/base/log.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { Accelerator } from '../../runtime-host/protocol/types.ts';
import { chooseAccelerator } from '../../runtime-host/vm/accelerator.ts';
import { findGuestAssets } from '../../runtime-host/vm/guestAssets.ts';
import { defaultCpus, defaultMemory } from '../../runtime-host/services/specification/containerSpec.ts';
import { createOverlay } from '../../runtime-host/vm/overlay.ts';
import { findQemu, hostArchitecture, qemuVersion } from '../../runtime-host/vm/qemu.ts';
import { qemuArguments } from '../../runtime-host/vm/qemuArguments.ts';
import { hostTscKilohertz } from '../../runtime-host/vm/tscFrequency.ts';
import type { BenchOptions, Figures } from './main.ts';
import { powerOffInit } from './powerOffInit.ts';
import { median, startScratchBerth, timeCommand } from './scratchBerth.ts';
import type { ScratchBerth } from './scratchBerth.ts';

/**
 * Seconds from `container run --rm IMAGE true` to its end, with the host running and the image local, against the floor:
 * the same QEMU and kernel with an init that powers off at once. Medians of interleaved runs (five), after one of each
 * that does not count.
 */
export default async function start({ runs = 5 }: BenchOptions = {}): Promise<Figures> {
  const berth = await startScratchBerth();
  try {
    const timeContainer = (): Promise<number> => berth.timeContainer('run', '--rm', berth.image, 'true');
    await timeContainer();
    const floor = await floorCommand(berth);
    const timeFloor = (): Promise<number> => timeCommand(floor.program, floor.args);
    await timeFloor();
    const container: number[] = [];
    const bare: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      container.push(await timeContainer());
      bare.push(await timeFloor());
    }
    const seconds = median(container);
    const floorSeconds = median(bare);
    return { ratio: seconds / floorSeconds, seconds, floorSeconds };
  } finally {
    await berth.dispose();
  }
}

/** The QEMU of a default container, with its disk, and the smallest init there is. */
async function floorCommand(berth: ScratchBerth): Promise<{ program: string; args: string[] }> {
  const paths = new BerthPaths(berth.environment);
  const program = await findQemu(hostArchitecture());
  const qemu = { program, version: await qemuVersion(program) };
  const assets = await findGuestAssets(paths, berth.environment);
  const accelerator: Accelerator = await chooseAccelerator({ qemu, assets, paths, log: silentLogger, environment: berth.environment, notify: () => undefined });
  const directory = join(berth.home, 'floor');
  await mkdir(directory);
  const initramfs = join(directory, 'init.cpio');
  await writeFile(initramfs, newcArchive([file('init', 0o755, powerOffInit('powerOff'))]));
  const [image] = await readdir(paths.disks);
  if (image === undefined) throw new Error('The first run has left no disk.');
  const disk = { image: join(paths.disks, image), overlay: join(directory, 'root.qcow2') };
  await createOverlay(disk.overlay, disk.image, (await stat(disk.image)).size);
  const tscKilohertz = await hostTscKilohertz();
  const args = qemuArguments({
    id: 'floor',
    architecture: hostArchitecture(),
    accelerator,
    qemuVersion: qemu.version,
    cpus: defaultCpus(),
    memoryBytes: defaultMemory,
    kernel: assets.kernel,
    initramfs,
    ...(tscKilohertz === undefined ? {} : { tscKilohertz }),
    bootLog: join(directory, 'boot.log'),
    qmpSocket: join(directory, 'qmp.sock'),
    controlSocket: join(directory, 'control.sock'),
    disk,
  });
  return { program, args };
}
