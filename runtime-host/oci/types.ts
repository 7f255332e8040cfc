import type { Platform } from '../protocol/types.ts';

/** OCI content descriptor (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** OCI image manifest, or Docker's schema 2 manifest, which has the same shape (image-spec, manifest.md). */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** OCI image index, or Docker's manifest list (image-spec, image-index.md). */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

/** OCI image configuration (image-spec, config.md), the part that we read. */
export interface ImageConfiguration {
  readonly architecture: string;
  readonly os: string;
  readonly created?: string;
  readonly config?: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly StopSignal?: string;
    /** Paths at which containers get volumes. */
    readonly Volumes?: readonly string[];
    /** `PORT`, `PORT/tcp` or `PORT/udp`. */
    readonly ExposedPorts?: readonly string[];
    readonly Healthcheck?: ImageHealthCheck;
  };
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
}

/** Docker's addition to the image configuration. Times are nanoseconds; 0 stands for docker's default. */
export interface ImageHealthCheck {
  /** `NONE`, `CMD` and a command line, or `CMD-SHELL` and a text for the shell. */
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** A local image for one platform, with everything that unpacking and running it need. */
export interface ResolvedImage {
  readonly reference: string;
  /** What the reference names: an index or a manifest. */
  readonly root: Descriptor;
  readonly manifestDescriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly configuration: ImageConfiguration;
  /** In manifest order, bottom layer first; `diffId` is the digest of the uncompressed tar. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: string; readonly blobPath: string }[];
  /** Chain ID of the whole stack of layers (image-spec, config.md, "Layer ChainID"). */
  readonly chainId: string;
  readonly platform: Platform;
}
