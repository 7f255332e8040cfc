import { rm, stat } from 'node:fs/promises';
import { volumeDiskState } from '../../ext4/volumeDisk.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { BerthPaths, ContainerPaths } from '../../protocol/paths.ts';
import type { ContainerVolume } from '../../protocol/volumes.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import type { VolumeRecord } from '../../store/volumeRecord.ts';
import { createOverlay } from '../../vm/overlay.ts';
import type { Container } from '../container.ts';
import type { VolumeAttachment } from '../run/runStorage.ts';
import type { HostVolumeService } from './volumeService.ts';

/**
 * Refuses what would damage a disk: nobody else may use it while a container writes to it. To be called in one turn with
 * the container's becoming one that uses its disks; then those that do are all that have to be asked.
 * @throws BerthError VolumeInUse, VolumeNotFound
 */
export function claimVolumes(container: Container, all: readonly Container[], volumes: HostVolumeService): void {
  for (const { name } of container.record.volumes ?? []) {
    if (volumes.find(name).driver !== 'ext4') continue;
    const writes = writesTo(container.record, name);
    const others = all.filter((other) => other !== container && other.usesDisks && uses(other.record, name) && (writes || writesTo(other.record, name)));
    if (others.length > 0) throw inUse(name, writes, others);
  }
}

function uses({ volumes = [] }: ContainerRecord, name: string): boolean {
  return volumes.some((volume) => volume.name === name);
}

function writesTo({ volumes = [] }: ContainerRecord, name: string): boolean {
  return volumes.some((volume) => volume.name === name && !volume.readOnly);
}

function inUse(name: string, writes: boolean, others: readonly Container[]): BerthError {
  const names = others.map((other) => `“${other.name}”`).join(', ');
  const copied = others.find((other) => !other.active);
  if (copied) return new BerthError('VolumeInUse', `The volume “${name}” is in use while files are copied into or out of container “${copied.name}”. Try again when that is done.`, { data: { volume: name, id: copied.id } });
  const isWritten = others.some((other) => writesTo(other.record, name));
  const happens = isWritten
    ? `The volume “${name}” is being written by container ${names}, and nobody else can use it meanwhile.`
    : `The volume “${name}” is being read by container ${names}, and nobody can write to it meanwhile.`;
  const readers = writes && !isWritten ? ', or use it read-only here, too' : '';
  const advice = `Stop ${names} first${readers}. A volume that several containers write at once is made with “container volume create --driver shared”.`;
  return new BerthError('VolumeInUse', `${happens} ${advice}`, { data: { volume: name, id: others[0]?.id } });
}

/**
 * Prepares a container's volumes for its VM.
 * @throws BerthError VolumeNotFound, VolumeInvalid
 */
export async function attachVolumes(record: ContainerRecord, container: ContainerPaths, paths: BerthPaths, volumes: HostVolumeService): Promise<VolumeAttachment[]> {
  const byName = Map.groupBy(record.volumes ?? [], ({ name }) => name);
  return Promise.all([...byName].map(([name, places], index) => {
    const volume = volumes.find(name);
    return volume.driver === 'ext4' ? attachDisk(volume, places, `volume${index}`, container, paths) : attachDirectory(volume, places, paths);
  }));
}

async function attachDisk(volume: VolumeRecord, places: readonly ContainerVolume[], serial: string, container: ContainerPaths, paths: BerthPaths): Promise<VolumeAttachment> {
  const { disk } = paths.volume(volume.name);
  const size = await stat(disk).then((status) => status.size, () => undefined);
  const state = size === volume.sizeBytes ? await volumeDiskState(disk) : 'damaged';
  if (state === 'damaged') throw new BerthError('VolumeInvalid', `The disk of volume “${volume.name}” is missing or damaged. Look at ${disk}; “e2fsck -f” may mend it.`, { data: { volume: volume.name } });
  const readOnly = places.every((place) => place.readOnly);
  // A reader's guest may have to write first, and then nobody else may see what: what its journal holds when the last
  // writer did not end in order, or what an image gives to a new volume.
  const overlay = readOnly && state !== 'clean' ? container.volumeOverlay(serial) : undefined;
  if (overlay) await createOverlay(overlay, disk, volume.sizeBytes ?? 0);
  else await rm(container.volumeOverlay(serial), { force: true });
  const writable = !readOnly || overlay !== undefined;
  return {
    kind: 'disk', serial, file: disk, readOnly, ...(overlay && { overlay }),
    places: places.map((place) => ({ target: place.target, readOnly: place.readOnly, copyUp: writable && !place.noCopy })),
  };
}

async function attachDirectory(volume: VolumeRecord, places: readonly ContainerVolume[], paths: BerthPaths): Promise<VolumeAttachment> {
  const { data } = paths.volume(volume.name);
  if (!(await stat(data).catch(() => undefined))?.isDirectory()) throw new BerthError('VolumeInvalid', `The directory of volume “${volume.name}” is gone: ${data}. Put it back, or remove the volume.`, { data: { volume: volume.name } });
  return { kind: 'directory', directory: data, places: places.map(({ target, readOnly }) => ({ target, readOnly, copyUp: false })) };
}
