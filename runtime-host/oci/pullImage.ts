import type { Logger } from '../base/log.ts';
import type { OperationOptions, ReportProgress } from '../base/progress.ts';
import { BerthError } from '../protocol/errors.ts';
import type { Platform } from '../protocol/types.ts';
import type { ContentStore, Lease } from './contentStore.ts';
import { megabytes } from './format.ts';
import { parseImageDocument } from './manifest.ts';
import { formatReference } from './reference.ts';
import type { Reference } from './reference.ts';
import { RegistryClient } from './registryClient.ts';
import type { HttpSettings } from './registryHttp.ts';
import { readImage } from './resolveImage.ts';
import type { ReadBlob } from './resolveImage.ts';
import type { Descriptor } from './types.ts';

const blobsAtATime = 3;
/** Milliseconds between two reports of how much has arrived. */
const reportInterval = 100;

export interface PullSettings extends OperationOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly http?: HttpSettings;
}

/**
 * Fetches what a reference names, for one platform, into the store; the reference appears there last. What is there
 * already is not fetched again, unless it is damaged or not whole. When it fails, what came until then is removed again, unless others use it.
 * @throws BerthError ImageNotFound, Registry*, DigestMismatch, ManifestInvalid, PlatformUnavailable, DiskFull, Cancelled
 */
export async function pullImage(store: ContentStore, reference: Reference, settings: PullSettings): Promise<void> {
  const client = new RegistryClient(reference, settings.http);
  const lease = store.lease();
  try {
    await new Pull(store, client, lease, reference, settings).run();
  } finally {
    client.dispose();
    lease.release();
    await store.collectGarbage();
  }
}

class Pull {
  readonly #store: ContentStore;
  readonly #client: RegistryClient;
  readonly #lease: Lease;
  readonly #reference: Reference;
  readonly #name: string;
  readonly #platform: Platform;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #progress: ReportProgress;

  constructor(store: ContentStore, client: RegistryClient, lease: Lease, reference: Reference, settings: PullSettings) {
    this.#store = store;
    this.#client = client;
    this.#lease = lease;
    this.#reference = reference;
    this.#name = formatReference(reference);
    this.#platform = settings.platform;
    this.#logger = settings.logger;
    this.#signal = settings.signal ?? new AbortController().signal;
    this.#progress = settings.progress ?? (() => undefined);
  }

  async run(): Promise<void> {
    this.#throwIfCancelled(this.#signal);
    this.#progress({ message: `Looking up ${this.#name}`, fraction: 0 });
    const root = await this.#fetchRoot();
    const readBlob: ReadBlob = (descriptor, limit) => this.#obtainSmall(descriptor, limit);
    const { manifest } = await readImage(root, this.#name, this.#platform, readBlob);
    await this.#fetchLayers(manifest.layers);
    this.#throwIfCancelled(this.#signal);
    await this.#store.setReference(this.#name, root);
  }

  /** A digest that is local already, under whatever name, needs no look-up: content never changes. */
  async #fetchRoot(): Promise<Descriptor> {
    const known = (await this.#store.references()).find(({ descriptor }) => descriptor.digest === this.#reference.digest)?.descriptor;
    if (known) {
      this.#lease.pin(known.digest);
      if (await this.#store.hasBlob(known)) return known;
    }
    const { descriptor, bytes } = await this.#client.fetchRoot(this.#signal);
    const { mediaType } = parseImageDocument(bytes, descriptor.mediaType, `The manifest of ${this.#name}`);
    const root = { ...descriptor, mediaType };
    this.#lease.pin(root.digest);
    if (!(await this.#store.hasBlob(root))) await this.#store.ingest(root, [bytes]);
    return root;
  }

  /** A manifest or a configuration: from the store, else from the registry through the store. */
  async #obtainSmall(descriptor: Descriptor, limit: number): Promise<Buffer> {
    this.#lease.pin(descriptor.digest);
    if (descriptor.size <= limit && !(await this.#isSound(descriptor, limit))) {
      await this.#store.ingest(descriptor, this.#isManifest(descriptor) ? [await this.#client.fetchManifest(descriptor, this.#signal)] : this.#client.readBlob(descriptor, this.#signal));
    }
    return await this.#store.readBlob(descriptor, limit);
  }

  /** Whether it is stored and undamaged. A layer is only verified when it arrives, and when it is unpacked. */
  async #isSound(descriptor: Descriptor, limit: number): Promise<boolean> {
    if (!(await this.#store.hasBlob(descriptor))) return false;
    try {
      await this.#store.readBlob(descriptor, limit);
      return true;
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== 'DigestMismatch') throw error;
      this.#logger.warn('A damaged part of an image is fetched again', { reference: this.#name, digest: descriptor.digest });
      return false;
    }
  }

  #isManifest(descriptor: Descriptor): boolean {
    return !descriptor.mediaType.includes('config') && !descriptor.mediaType.includes('container.image');
  }

  async #fetchLayers(layers: readonly Descriptor[]): Promise<void> {
    const unique = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
    for (const layer of unique) this.#lease.pin(layer.digest);
    const present = await Promise.all(unique.map((layer) => this.#store.hasBlob(layer)));
    const missing = unique.filter((_, position) => !present[position]);
    const counter = new LayerCounter(unique, missing, this.#progress);
    await inParallel(missing, blobsAtATime, this.#signal, async (layer, signal) => {
      await this.#store.ingest(layer, counter.counted(this.#client.readBlob(layer, signal)));
      counter.finished();
    });
  }

  #throwIfCancelled(signal: AbortSignal): void {
    if (!signal.aborted) return;
    throw signal.reason instanceof BerthError ? signal.reason : new BerthError('Cancelled', `Pulling ${this.#name} was cancelled.`);
  }
}

/** Turns the bytes that arrive into progress, not more often than a person can read. */
class LayerCounter {
  readonly #report: ReportProgress;
  readonly #layers: number;
  readonly #total: number;
  #done: number;
  #bytes: number;
  #lastReport = -Infinity;

  constructor(all: readonly Descriptor[], missing: readonly Descriptor[], report: ReportProgress) {
    const sum = (layers: readonly Descriptor[]): number => layers.reduce((total, layer) => total + layer.size, 0);
    this.#report = report;
    this.#layers = all.length;
    this.#total = sum(all);
    this.#done = all.length - missing.length;
    this.#bytes = this.#total - sum(missing);
    this.#tell();
  }

  async *counted(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.#bytes += chunk.length;
      if (performance.now() - this.#lastReport >= reportInterval) this.#tell();
      yield chunk;
    }
  }

  finished(): void {
    this.#done += 1;
    this.#tell();
  }

  #tell(): void {
    this.#lastReport = performance.now();
    const message = `Downloading: ${this.#done} of ${this.#layers} layers, ${megabytes(this.#bytes)} of ${megabytes(this.#total)} MB`;
    this.#report({ message, fraction: this.#total === 0 ? 1 : Math.min(this.#bytes / this.#total, 1) });
  }
}

/** Runs `work` on all items, `limit` at a time. The first failure cancels the rest, and is thrown when all have ended. */
async function inParallel<T>(items: readonly T[], limit: number, signal: AbortSignal, work: (item: T, signal: AbortSignal) => Promise<void>): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    try {
      for (const item of queue) {
        if (either.aborted) return;
        await work(item, either);
      }
    } catch (error) {
      failures.push(error);
      failed.abort();
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}
