import { mkdir } from 'node:fs/promises';
import { wholeDiskSize } from '../../ext4/diskSize.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { createOverlay } from '../../vm/overlay.ts';
import type { Container } from '../container.ts';
import { checkMountSources } from '../specification/containerSpec.ts';
import type { ImageDiskService } from '../interfaces.ts';
import { checkKernel } from '../specification/machineSpec.ts';
import type { MountPolicy } from '../specification/mountPolicy.ts';
import { exists } from './patience.ts';
import type { RunStorage } from './runStorage.ts';
import type { VmBasis, VmPlatform } from './vmPlatform.ts';
import type { HostVolumeService } from '../volumes/volumeService.ts';
import { attachVolumes } from '../volumes/volumeUse.ts';

export interface PreparationDependencies {
  readonly paths: BerthPaths;
  readonly volumes: HostVolumeService;
  readonly disks: ImageDiskService;
  readonly platform: VmPlatform;
  readonly mountPolicy: MountPolicy;
}

/** Everything that a VM of this container needs but for its networks. */
export async function prepareRun({ record, paths }: Container, deps: PreparationDependencies, signal: AbortSignal | undefined): Promise<{ readonly basis: VmBasis; readonly storage: RunStorage }> {
  const [basis, image, volumes] = await Promise.all([deps.platform.basis(), imageDisk(record, deps, signal), attachVolumes(record, paths, deps.paths, deps.volumes), checkFiles(record, deps.mountPolicy), mkdir(paths.sockets, { recursive: true, mode: 0o700 })]);
  signal?.throwIfAborted();
  if (!(await exists(paths.overlay))) await createOverlay(paths.overlay, image, record.diskSize);
  return { basis, storage: { image, volumes } };
}

/** The directories must be what they were, and what became worth protecting since is not shared unasked. */
async function checkFiles({ mounts, kernel }: ContainerRecord, policy: MountPolicy): Promise<void> {
  await checkMountSources(mounts);
  if (kernel !== undefined) await checkKernel(kernel);
  await policy.check(mounts);
}

/** The disk behind the overlay. An overlay fits one disk only, so another one of the same image will not do. */
async function imageDisk(record: ContainerRecord, { paths, disks }: PreparationDependencies, signal: AbortSignal | undefined): Promise<string> {
  const path = paths.disk(record.diskKey);
  if ((await wholeDiskSize(path)) === record.diskSize) return path;
  const disk = await disks.ensure(record.image, signal ? { signal } : {});
  if (disk.key === record.diskKey && disk.size === record.diskSize) return disk.path;
  throw new BerthError('ImageNotFound', `The image of container “${record.name}” has changed or was removed, and its files cannot be used without it. Create the container anew from ${record.image}.`);
}
