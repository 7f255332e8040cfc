/**
 * What holds a volume's files. `ext4`: a disk of its own, which one running container may write or several may read.
 * `shared`: a directory of this machine, which several may write at once.
 */
export type VolumeDriver = 'ext4' | 'shared';

export const volumeDrivers: readonly VolumeDriver[] = ['ext4', 'shared'];

/** How much a volume of the driver `ext4` can hold when nothing is said. The disk grows as it is written. */
export const defaultVolumeBytes = 64 * 1024 ** 3;

/** As docker has it, but without what could be taken for something else on any system. */
export const volumeNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/;

/** A volume in a container. */
export interface VolumeMount {
  /** Made when there is none of this name. Absent: an anonymous one is made, which belongs to the container. */
  readonly volume?: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** For one that is made; default `ext4`. */
  readonly driver?: VolumeDriver;
  /** For one that is made, as in {@link VolumeSpec}. */
  readonly sizeBytes?: number;
  /** For one that is made. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Leave an empty volume empty; otherwise it gets what the image has at the target. */
  readonly noCopy?: boolean;
}

/** A volume of a container that exists. */
export interface ContainerVolume {
  readonly name: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly noCopy?: boolean;
  /** Made for the container; removed with it, if that is wanted. */
  readonly anonymous?: boolean;
}

export interface VolumeSpec {
  /** Chosen by the host when absent, and the volume is anonymous then. */
  readonly name?: string;
  /** Default `ext4`. */
  readonly driver?: VolumeDriver;
  /** Only for `ext4`; default {@link defaultVolumeBytes}. Rounded up to whole blocks. */
  readonly sizeBytes?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface VolumeInfo {
  readonly name: string;
  readonly driver: VolumeDriver;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Nobody has given it its name. */
  readonly anonymous: boolean;
  /** The most that it can hold; absent where this machine's disk is the limit. */
  readonly sizeBytes?: number;
  /** What it takes of this machine's disk. */
  readonly allocatedBytes: number;
  /** The raw ext4 disk, or the directory. */
  readonly path: string;
  /** Who refers to it, running or not. */
  readonly containers: readonly { readonly id: string; readonly name: string; readonly readOnly: boolean; readonly running: boolean }[];
}
