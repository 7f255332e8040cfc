import { BerthError } from '../protocol/errors.ts';
import type { Platform } from '../protocol/types.ts';
import type { ContentStore, Lease } from './contentStore.ts';
import { digestOf } from './digest.ts';
import { largestConfiguration, largestManifest, parseConfiguration, parseImageDocument, requireMatchingLayers, requireStatedKind } from './manifest.ts';
import { platformMatches, platformUnavailable, selectPlatform } from './platform.ts';
import { normalizeReference } from './reference.ts';
import type { Descriptor, ImageConfiguration, ImageManifest, ResolvedImage } from './types.ts';

/** Indexes may hold indexes; nobody needs more than this. */
const deepestIndex = 3;

/**
 * Reads what a local reference names, for one platform, down to where its layers are. With a lease, everything that
 * the image consists of is pinned first, so that removing the image meanwhile leaves the layers in place.
 * @throws BerthError InvalidArgument, ImageNotFound when it is not local, ManifestInvalid, PlatformUnavailable
 */
export async function resolveImage(store: ContentStore, referenceText: string, platform: Platform, lease?: Lease): Promise<ResolvedImage> {
  const reference = normalizeReference(referenceText);
  const root = await store.find(reference);
  if (!root) throw imageNotLocal(reference);
  const readBlob: ReadBlob = (descriptor, limit) => {
    lease?.pin(descriptor.digest);
    return store.readBlob(descriptor, limit);
  };
  const image = await readImage(root, reference, platform, readBlob);
  for (const layer of image.manifest.layers) lease?.pin(layer.digest);
  return assemble(store, reference, root, image);
}

/** @param reference in full, as the user would pull it */
export function imageNotLocal(reference: string): BerthError {
  return new BerthError('ImageNotFound', `The image ${reference} is not on this machine. Pull it first.`, { data: { reference } });
}

export type ReadBlob = (descriptor: Descriptor, limit: number) => Promise<Buffer>;

interface ReadImage {
  readonly manifestDescriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly configuration: ImageConfiguration;
  readonly platform: Platform;
}

/** From what a reference names to the manifest and the configuration for a platform, wherever the blobs come from. */
export async function readImage(root: Descriptor, reference: string, wanted: Platform, readBlob: ReadBlob): Promise<ReadImage> {
  const subject = `The manifest of ${reference}`;
  let descriptor = root;
  for (let depth = 0; depth <= deepestIndex; depth += 1) {
    const document = parseImageDocument(await readBlob(descriptor, largestManifest), descriptor.mediaType, subject);
    requireStatedKind(document, descriptor, subject);
    if (document.kind === 'index') {
      descriptor = selectPlatform(document.index, wanted, reference);
      continue;
    }
    const { manifest } = document;
    const configuration = parseConfiguration(await readBlob(manifest.config, largestConfiguration), `The configuration of ${reference}`);
    requireMatchingLayers(manifest, configuration, subject);
    const actual = { os: configuration.os, architecture: configuration.architecture };
    if (!platformMatches(actual, { os: wanted.os, architecture: wanted.architecture })) throw platformUnavailable(reference, wanted, [actual]);
    return { manifestDescriptor: descriptor, manifest, configuration, platform: descriptor.platform ?? actual };
  }
  throw new BerthError('ManifestInvalid', `${subject} is not valid: it is an index within an index, more than ${deepestIndex} deep.`);
}

function assemble(store: ContentStore, reference: string, root: Descriptor, image: ReadImage): ResolvedImage {
  const diffIds = image.configuration.rootfs.diff_ids;
  const layers = image.manifest.layers.map((descriptor, position) => {
    const diffId = diffIds[position];
    if (diffId === undefined) throw new RangeError('The layers were not matched with the configuration.');
    return { descriptor, diffId, blobPath: store.blobPath(descriptor.digest) };
  });
  return { reference, root, ...image, layers, chainId: chainId(diffIds) };
}

/**
 * Identifies a stack of layers (image-spec, config.md, "Layer ChainID"): the first diff ID, then for each further layer
 * the digest of "<chain ID so far> <diff ID>".
 */
export function chainId(diffIds: readonly string[]): string {
  const [first, ...rest] = diffIds;
  if (first === undefined) throw new RangeError('An image without layers has no chain ID.');
  return rest.reduce((chain, diffId) => digestOf(`${chain} ${diffId}`), first);
}
