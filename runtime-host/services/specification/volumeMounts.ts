import { posix } from 'node:path';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerSpec, Mount } from '../../protocol/types.ts';
import type { VolumeMount } from '../../protocol/volumes.ts';
import { maximumDevices } from '../../vm/qemuArguments.ts';
import { cleanTarget, isReservedTarget } from './mountTargets.ts';

/**
 * The volumes that a container gets: those that were asked for, and one for each place where the image wants one and
 * nothing else is.
 * @throws BerthError InvalidArgument
 */
export function wantedVolumes({ volumes = [], tmpfs = [] }: Pick<ContainerSpec, 'volumes' | 'tmpfs'>, imageVolumes: readonly string[], mounts: readonly Mount[]): VolumeMount[] {
  const targets = new Set([...mounts, ...tmpfs].map(({ target }) => posix.normalize(target).replace(/(?<=.)\/$/, '')));
  const wanted = volumes.map((mount) => {
    const target = cleanTarget(mount.target);
    if (targets.has(target)) throw invalid(`Two things are mounted at “${target}” of the container. Give each its own place.`);
    targets.add(target);
    return { ...mount, target };
  });
  for (const path of imageVolumes) {
    // What cannot be is the image's mistake, and not the user's.
    const target = posix.normalize(path.startsWith('/') ? path : `/${path}`).replace(/(?<=.)\/$/, '');
    if (targets.has(target) || isReservedTarget(target)) continue;
    targets.add(target);
    wanted.push({ target, readOnly: false });
  }
  return wanted;
}

/** @throws BerthError InvalidArgument when a VM has not room for so many devices */
export function checkDeviceCount(shares: number, volumes: number, networks: number): void {
  const count = shares + volumes + networks;
  if (count <= maximumDevices) return;
  throw invalid(`A container can have ${maximumDevices} shared directories, volumes and networks together, not ${count}. An image’s own volumes count, too, and so does the default network unless it has none (--network none).`);
}

function invalid(message: string): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option: 'volumes' } });
}
