import { JsonReader, invalidDocument } from './jsonReader.ts';
import { isConfigurationType, isForeignLayerType, isIndexType, isManifestType, isSchema1Type, layerCompression, ociIndexType, ociManifestType } from './mediaTypes.ts';
import type { Descriptor, ImageConfiguration, ImageHealthCheck, ImageIndex, ImageManifest } from './types.ts';

/** The largest manifest or index that is read (distribution-spec: registries should take up to 4 MiB). */
export const largestManifest = 4 * 1024 * 1024;
/** The largest image configuration that is read. */
export const largestConfiguration = 8 * 1024 * 1024;

export type ImageDocument =
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: ImageIndex }
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: ImageManifest };

/**
 * Reads what a reference or a descriptor names: an index or a manifest, field by field.
 * @param statedType what the registry or the descriptor calls it; what the document says of itself goes first
 * @param subject for messages, such as `The manifest of localhost:5000/app:1`
 * @throws BerthError ManifestInvalid naming what is wrong
 */
export function parseImageDocument(bytes: Uint8Array, statedType: string | undefined, subject: string): ImageDocument {
  const document = JsonReader.parse(bytes, subject);
  const mediaType = documentType(document, statedType, subject);
  return isIndexType(mediaType)
    ? { kind: 'index', mediaType, index: readIndex(document) }
    : { kind: 'manifest', mediaType, manifest: readManifest(document, subject) };
}

/** What the document says of itself, else what others say of it, else what it looks like; all that is said must agree. */
function documentType(document: JsonReader, statedType: string | undefined, subject: string): string {
  const ownType = document.field('mediaType').optionalString();
  const mediaType = ownType ?? statedType;
  if ((mediaType !== undefined && isSchema1Type(mediaType)) || document.field('fsLayers').isPresent) {
    throw invalidDocument(subject, 'it is in Docker’s schema 1 format, which was given up in 2016');
  }
  document.requireSchemaVersion2();
  const hasManifests = document.field('manifests').isPresent;
  const hasLayers = document.field('layers').isPresent || document.field('config').isPresent;
  // A document that is both could be read as two different images by two programs.
  if (hasManifests && hasLayers) throw invalidDocument(subject, 'it has both “manifests” and “layers”');
  if (mediaType !== undefined && (isIndexType(mediaType) || isManifestType(mediaType))) return mediaType;
  if (ownType !== undefined) throw document.field('mediaType').problem(`is “${ownType}”, which is neither an image manifest nor an image index`);
  return hasManifests ? ociIndexType : ociManifestType;
}

/**
 * The store finds out what an image consists of by what its descriptors say, so that must be true.
 * @throws BerthError ManifestInvalid when a descriptor calls a document something that it is not
 */
export function requireStatedKind({ kind }: ImageDocument, { mediaType, digest }: Descriptor, subject: string): void {
  if (kind === 'index' ? isIndexType(mediaType) : isManifestType(mediaType)) return;
  throw invalidDocument(subject, `${digest} is called “${mediaType}”, but is an image ${kind}`);
}

function readIndex(document: JsonReader): ImageIndex {
  const mediaType = document.field('mediaType').optionalString();
  const manifests = document.field('manifests').items().map((item) => item.descriptor());
  return { schemaVersion: 2, ...(mediaType ? { mediaType } : {}), manifests };
}

function readManifest(document: JsonReader, subject: string): ImageManifest {
  const mediaType = document.field('mediaType').optionalString();
  const config = document.field('config').descriptor();
  if (!isConfigurationType(config.mediaType)) {
    throw invalidDocument(subject, `it is not a container image: its configuration is of type “${config.mediaType}”`);
  }
  const layers = document.field('layers').items().map((item) => item.descriptor());
  if (layers.length === 0) throw invalidDocument(subject, 'it has no layers, so there is nothing to run');
  for (const [position, layer] of layers.entries()) {
    if (isForeignLayerType(layer.mediaType)) {
      throw invalidDocument(subject, `layers[${position}] is a foreign layer (“${layer.mediaType}”), which the registry does not hold`);
    }
    if (layerCompression(layer.mediaType) === undefined) {
      throw invalidDocument(subject, `layers[${position}] is of type “${layer.mediaType}”, which Berth cannot unpack`);
    }
  }
  return { schemaVersion: 2, ...(mediaType ? { mediaType } : {}), config, layers };
}

/** Reads an image configuration (image-spec, config.md). @throws BerthError ManifestInvalid naming what is wrong */
export function parseConfiguration(bytes: Uint8Array, subject: string): ImageConfiguration {
  const document = JsonReader.parse(bytes, subject);
  const created = document.field('created').optionalString();
  const config = document.field('config');
  const rootfs = document.field('rootfs');
  if (rootfs.field('type').string() !== 'layers') throw rootfs.field('type').problem('is not “layers”');
  return {
    architecture: document.field('architecture').string(),
    os: document.field('os').string(),
    ...(created ? { created } : {}),
    ...(config.isPresent ? { config: readProcessDefaults(config) } : {}),
    rootfs: { type: 'layers', diff_ids: rootfs.field('diff_ids').items().map((item) => item.digest()) },
  };
}

function readProcessDefaults(config: JsonReader): NonNullable<ImageConfiguration['config']> {
  const values = {
    User: config.field('User').optionalString(),
    Env: config.field('Env').optionalStrings(),
    Entrypoint: config.field('Entrypoint').optionalStrings(),
    Cmd: config.field('Cmd').optionalStrings(),
    WorkingDir: config.field('WorkingDir').optionalString(),
    Labels: config.field('Labels').optionalStringMap(),
    StopSignal: config.field('StopSignal').optionalString(),
    Volumes: config.field('Volumes').optionalNames(),
    ExposedPorts: config.field('ExposedPorts').optionalNames(),
    Healthcheck: readHealthCheck(config.field('Healthcheck')),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function readHealthCheck(check: JsonReader): ImageHealthCheck | undefined {
  if (!check.isPresent) return undefined;
  const times = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const;
  const given = times.filter((name) => check.field(name).isPresent).map((name) => [name, check.field(name).count()] as const);
  return { Test: check.field('Test').optionalStrings() ?? [], ...Object.fromEntries(given) };
}

/** @throws BerthError ManifestInvalid when the configuration does not describe the manifest's layers */
export function requireMatchingLayers(manifest: ImageManifest, configuration: ImageConfiguration, subject: string): void {
  const { diff_ids: diffIds } = configuration.rootfs;
  if (diffIds.length !== manifest.layers.length) {
    throw invalidDocument(subject, `it has ${manifest.layers.length} layers, but its configuration describes ${diffIds.length}`);
  }
}
