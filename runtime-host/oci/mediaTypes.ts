/** How a layer's tar archive is compressed. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

const indexTypes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
const manifestTypes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
const configurationTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];
const schema1Types = ['application/vnd.docker.distribution.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v1+prettyjws'];

const layerTypes: Readonly<Record<string, LayerCompression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
};

/** What a registry is asked for when a tag or digest is resolved, most wanted first. */
export const acceptedManifestTypes: readonly string[] = [...indexTypes, ...manifestTypes];

export const ociIndexType = 'application/vnd.oci.image.index.v1+json';
export const ociManifestType = 'application/vnd.oci.image.manifest.v1+json';

/** An index of manifests for several platforms, in OCI's or Docker's words. */
export function isIndexType(mediaType: string): boolean {
  return indexTypes.includes(mediaType);
}

/** The manifest of one image for one platform, in OCI's or Docker's words. */
export function isManifestType(mediaType: string): boolean {
  return manifestTypes.includes(mediaType);
}

/** What an image's manifest names as its configuration. */
export function isConfigurationType(mediaType: string): boolean {
  return configurationTypes.includes(mediaType);
}

/** The format that Docker used before 2016, which names layers in another way. */
export function isSchema1Type(mediaType: string): boolean {
  return schema1Types.includes(mediaType);
}

/** Undefined for types that are no layer that Berth can unpack. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return Object.hasOwn(layerTypes, mediaType) ? layerTypes[mediaType] : undefined;
}

/** Layers that the registry may not give out (Windows base layers); they would have to come from elsewhere. */
export function isForeignLayerType(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.') || mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.');
}
