import type { ContainerRecord } from '../../store/containerRecord.ts';
import type { VmConfiguration } from '../../vm/qemuArguments.ts';

/** How a VM gets at a volume. */
export type VolumeAttachment =
  | {
    readonly kind: 'disk';
    /** Of the disk in the VM. A volume that a container has at two places is one disk. */
    readonly serial: string;
    readonly file: string;
    readonly readOnly: boolean;
    /** Takes what the guest writes instead of the file. */
    readonly overlay?: string;
    readonly places: readonly VolumePlace[];
  }
  | { readonly kind: 'directory'; readonly directory: string; readonly places: readonly VolumePlace[] };

export interface VolumePlace {
  readonly target: string;
  readonly readOnly: boolean;
  /** An empty volume gets what the image has at the target. */
  readonly copyUp: boolean;
}

/** What a VM gets beside its overlay and the folders of the container's record. */
export interface RunStorage {
  /** The image's disk. */
  readonly image: string;
  readonly volumes: readonly VolumeAttachment[];
}

interface RunShare {
  /** Empty of one that no device serves. */
  readonly tag: string;
  readonly live: boolean;
  readonly directory: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/**
 * The directories of this machine that a VM sees: the user's, and those that are volumes.
 * @param withLive whether those that can be taken away are live; otherwise devices serve them, too
 */
export function sharesOf(record: ContainerRecord, { volumes }: RunStorage, withLive: boolean): RunShare[] {
  const folders = record.mounts.map(({ source, target, readOnly, revocable = false }) => ({ directory: source, target, readOnly, live: withLive && revocable }));
  const directories = volumes.flatMap((volume) => (volume.kind === 'directory' ? volume.places.map((place) => ({ ...place, directory: volume.directory, live: false })) : []));
  return [...folders, ...directories].map(({ directory, target, readOnly, live }, index) => ({ tag: live ? '' : `share${index}`, directory, target, readOnly, live }));
}

/** The volumes' disks, as QEMU is told. */
export function vmVolumes(volumes: readonly VolumeAttachment[]): NonNullable<VmConfiguration['volumes']> {
  return volumes.flatMap((volume) => (volume.kind === 'disk' ? [{ serial: volume.serial, file: volume.file, readOnly: volume.readOnly, ...(volume.overlay && { overlay: volume.overlay }) }] : []));
}

/** The volumes' disks, as vminitd is told. */
export function guestVolumes(volumes: readonly VolumeAttachment[]): { serial: string; target: string; readOnly: boolean; copyUp: boolean }[] {
  return volumes.flatMap((volume) => (volume.kind === 'disk' ? volume.places.map((place) => ({ serial: volume.serial, ...place })) : []));
}

/** Whether the guest may have to copy files of the image before the first process runs. */
export function mayFill({ volumes }: RunStorage): boolean {
  return volumes.some(({ places }) => places.some(({ copyUp }) => copyUp));
}

/** Whether a container writes to what outlives it. */
export function writesOutside({ mounts, volumes = [], removeOnExit }: ContainerRecord): boolean {
  return [...mounts, ...volumes.filter((volume) => !(volume.anonymous && removeOnExit))].some(({ readOnly }) => !readOnly);
}
