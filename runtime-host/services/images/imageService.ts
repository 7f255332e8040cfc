import type { Logger } from '../../base/log.ts';
import type { OperationOptions, ReportProgress } from '../../base/progress.ts';
import type { ContentStore } from '../../oci/contentStore.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { pullImage } from '../../oci/pullImage.ts';
import { formatReference, normalizeReference, parseReference } from '../../oci/reference.ts';
import type { Reference } from '../../oci/reference.ts';
import type { HttpSettings } from '../../oci/registryHttp.ts';
import { imageNotLocal, resolveImage } from '../../oci/resolveImage.ts';
import type { ResolvedImage } from '../../oci/types.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ImageInfo, Platform } from '../../protocol/types.ts';
import type { ImageService } from '../interfaces.ts';
import { SharedWork } from './sharedWork.ts';

export interface ImageServiceOptions {
  readonly store: ContentStore;
  readonly logger: Logger;
  /** Whether a container uses the image that has this reference, or this manifest. */
  readonly isInUse: (image: { readonly reference: string; readonly manifestDigest: string | undefined }) => boolean | Promise<boolean>;
  /** Called when an image was removed, before the removal is answered. */
  readonly afterRemoval?: () => Promise<void>;
  /** Gives up what can be done without, so that an image can be removed when the disk is full. */
  readonly makeRoom?: () => Promise<void>;
  /** Default: what this machine's VMs run. */
  readonly platform?: Platform;
  readonly http?: HttpSettings;
}

type Listener = (event: { readonly reference: string; readonly info?: ImageInfo }) => void;

/** The images of this machine: pulled from registries into the content store. */
export class RegistryImageService implements ImageService {
  readonly #options: ImageServiceOptions;
  readonly #platform: Platform;
  readonly #pulls = new SharedWork<ImageInfo>();
  readonly #listeners = new Set<Listener>();

  constructor(options: ImageServiceOptions) {
    this.#options = options;
    this.#platform = options.platform ?? hostPlatform();
  }

  async pull(text: string, options: OperationOptions = {}): Promise<ImageInfo> {
    const reference = parseReference(text);
    const name = formatReference(reference);
    return await this.#pulls.run(name, options, (signal, progress) => this.#pull(reference, name, signal, progress));
  }

  async list(): Promise<ImageInfo[]> {
    const infos: ImageInfo[] = [];
    for (const { reference } of await this.#options.store.references()) {
      try {
        infos.push(await this.inspect(reference));
      } catch (error) {
        // One damaged image must not hide the others; pulling it again repairs it.
        this.#options.logger.error('An image cannot be listed', error, { reference });
      }
    }
    return infos.sort((one, other) => (one.reference < other.reference ? -1 : 1));
  }

  async inspect(reference: string): Promise<ImageInfo> {
    return describeImage(await resolveImage(this.#options.store, reference, this.#platform));
  }

  async remove(text: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const { store, logger, isInUse } = this.#options;
    const reference = normalizeReference(text);
    if (!(await store.find(reference))) throw imageNotLocal(reference);
    if (!options.force && (await isInUse({ reference, manifestDigest: await this.#manifestDigest(reference) }))) {
      throw new BerthError('ImageInUse', `A container uses the image ${reference}. Remove the container first, or remove the image by force.`, { data: { reference } });
    }
    if (!(await this.#removeReference(reference))) throw imageNotLocal(reference);
    this.#announce({ reference });
    logger.info('Image removed', { reference, removedBlobs: await store.collectGarbage() });
    await this.#options.afterRemoval?.();
  }

  onDidChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  /** The list of images is written anew, for which there may be no room. */
  async #removeReference(reference: string): Promise<boolean> {
    const { store, makeRoom } = this.#options;
    try {
      return await store.removeReference(reference);
    } catch (error) {
      if (!makeRoom || BerthError.from(error).code !== 'DiskFull') throw error;
      await makeRoom();
      return await store.removeReference(reference);
    }
  }

  /** A damaged image can be removed like any other; what it was cannot be told any more. */
  async #manifestDigest(reference: string): Promise<string | undefined> {
    try {
      return (await this.inspect(reference)).manifestDigest;
    } catch (error) {
      this.#options.logger.error('A damaged image is removed', error, { reference });
      return undefined;
    }
  }

  async #pull(reference: Reference, name: string, signal: AbortSignal, progress: ReportProgress): Promise<ImageInfo> {
    const { store, logger, http } = this.#options;
    const started = performance.now();
    try {
      await pullImage(store, reference, { platform: this.#platform, logger, signal, progress, ...(http ? { http } : {}) });
    } catch (error) {
      logger.warn('Pull failed', { reference: name, error: String(error) });
      throw BerthError.from(error);
    }
    const info = await this.inspect(name);
    logger.info('Image pulled', { reference: name, digest: info.digest, size: info.size, milliseconds: Math.round(performance.now() - started) });
    this.#announce({ reference: name, info });
    return info;
  }

  #announce(event: { readonly reference: string; readonly info?: ImageInfo }): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function describeImage(image: ResolvedImage): ImageInfo {
  const parts = new Map([image.manifestDescriptor, image.manifest.config, ...image.manifest.layers].map((part) => [part.digest, part.size]));
  return {
    reference: image.reference,
    digest: image.root.digest,
    manifestDigest: image.manifestDescriptor.digest,
    platform: image.platform,
    size: [...parts.values()].reduce((total, size) => total + size, 0),
    ...(image.configuration.created === undefined ? {} : { created: image.configuration.created }),
    ...(image.configuration.config?.Labels && { labels: image.configuration.config.Labels }),
  };
}

/** Whether an image need not be pulled. */
export async function isLocal(images: ImageService, reference: string): Promise<boolean> {
  try {
    await images.inspect(reference);
    return true;
  } catch (error) {
    if (error instanceof BerthError && error.code === 'ImageNotFound') return false;
    throw error;
  }
}
