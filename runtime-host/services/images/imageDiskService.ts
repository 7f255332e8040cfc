import { createHash, randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { syncDirectory } from '../../base/atomicFile.ts';
import type { Logger } from '../../base/log.ts';
import type { OperationOptions, ReportProgress } from '../../base/progress.ts';
import { wholeDiskSize } from '../../ext4/diskSize.ts';
import type { ContentStore } from '../../oci/contentStore.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { resolveImage } from '../../oci/resolveImage.ts';
import type { ResolvedImage } from '../../oci/types.ts';
import { BerthError } from '../../protocol/errors.ts';
import { partialSuffix, type BerthPaths } from '../../protocol/paths.ts';
import type { Platform } from '../../protocol/types.ts';
import type { ImageDisk, ImageDiskService, ImageProcessDefaults } from '../interfaces.ts';
import { SharedWork } from './sharedWork.ts';
import type { UnpackReport, UnpackTask } from './unpackWorker.ts';

export interface ImageDiskServiceOptions {
  readonly paths: BerthPaths;
  readonly store: ContentStore;
  readonly logger: Logger;
  /** Default: what this machine's VMs run. */
  readonly platform?: Platform;
  /** Size of new disks in bytes. They are sparse: this is room for containers, not space that is taken. */
  readonly diskSize?: number;
}

const defaultDiskSize = 64 * 1024 ** 3;
/** Part of each key: raised when disks that were written earlier should no longer be used. */
const diskFormat = 2;
const diskSuffix = '.ext4';

/**
 * Writes images' disks in a thread of its own; a disk appears under its name only when it is complete and durable. One
 * that was cut short since is written anew and takes its place: the same image always becomes the same bytes, so the
 * overlays on it fit again, and a VM that runs on the old file keeps that.
 */
export class Ext4ImageDiskService implements ImageDiskService {
  readonly #options: ImageDiskServiceOptions;
  readonly #platform: Platform;
  readonly #work = new SharedWork<void>();
  /** Keys of disks that somebody is about to use, and how many do. */
  readonly #held = new Map<string, number>();
  #prepared: Promise<void> | undefined;

  constructor(options: ImageDiskServiceOptions) {
    this.#options = options;
    this.#platform = options.platform ?? hostPlatform();
  }

  ensure(reference: string, options: OperationOptions = {}): Promise<ImageDisk> {
    return this.withDisk(reference, options, (disk) => Promise.resolve(disk));
  }

  async withDisk<Result>(reference: string, options: OperationOptions, use: (disk: ImageDisk) => Promise<Result>): Promise<Result> {
    await this.prepare();
    const lease = this.#options.store.lease();
    let release: (() => void) | undefined;
    try {
      const image = await resolveImage(this.#options.store, reference, this.#platform, lease);
      const key = diskKey(image);
      // Before the look whether it is there: prune() then either has removed it already or leaves it.
      release = this.#hold(key);
      const path = this.#options.paths.disk(key);
      let size = await wholeDiskSize(path);
      if (size === undefined) {
        await this.#work.run(key, options, (signal, progress) => this.#write(image, key, signal, progress));
        size = (await stat(path)).size;
      }
      return await use({ key, path, size, manifestDigest: image.manifestDescriptor.digest, config: processDefaults(image) });
    } finally {
      release?.();
      lease.release();
    }
  }

  async prune(containerUses: (key: string) => boolean): Promise<void> {
    await this.prepare();
    const { paths, logger } = this.#options;
    const wanted = new Set(await this.#keysOfImages());
    if (this.#options.store.referencesAreLost) return;
    for (const name of await readdir(paths.disks)) {
      const key = name.slice(0, -diskSuffix.length);
      if (!name.endsWith(diskSuffix) || wanted.has(key) || this.#held.has(key) || this.#work.has(key) || containerUses(key)) continue;
      const aside = this.#partialPath(key);
      // In one turn with the look at who uses it; deleting takes longer.
      renameSync(join(paths.disks, name), aside);
      await rm(aside, { force: true });
      logger.info('Disk removed', { key });
    }
  }

  /**
   * Every file that a local image needs here: its blobs and its disk, whether they are there or not.
   * @throws BerthError ImageNotFound
   */
  async filesOf(reference: string): Promise<readonly string[]> {
    const { store, paths } = this.#options;
    const image = await resolveImage(store, reference, this.#platform);
    const descriptors = [image.root, image.manifestDescriptor, image.manifest.config, ...image.manifest.layers];
    return [...new Set(descriptors.map(({ digest }) => store.blobPath(digest))), paths.disk(diskKey(image))];
  }

  #hold(key: string): () => void {
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    return () => {
      const others = (this.#held.get(key) ?? 1) - 1;
      if (others > 0) this.#held.set(key, others);
      else this.#held.delete(key);
    };
  }

  /** A name for a disk that is not whole yet, or not any more. */
  #partialPath(key: string): string {
    return join(this.#options.paths.disks, `${key}.${randomBytes(6).toString('hex')}${partialSuffix}`);
  }

  /** Removes what a killed host has left half-written. Called before anything else, at the latest by the first call. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#removePartials().catch((error: unknown) => {
      this.#prepared = undefined; // The next one who asks tries again.
      throw error;
    });
    return this.#prepared;
  }

  async #removePartials(): Promise<void> {
    const { disks } = this.#options.paths;
    await mkdir(disks, { recursive: true, mode: 0o700 });
    for (const name of await readdir(disks)) {
      if (!name.endsWith(partialSuffix)) continue;
      await rm(join(disks, name), { force: true });
      this.#options.logger.info('Unfinished disk removed', { name });
    }
  }

  async #keysOfImages(): Promise<string[]> {
    const { store, logger } = this.#options;
    const keys: string[] = [];
    for (const { reference } of await store.references()) {
      try {
        keys.push(diskKey(await resolveImage(store, reference, this.#platform)));
      } catch (error) {
        // A damaged image has no disk that anyone could ask for.
        logger.error('The disk of an image cannot be told', error, { reference });
      }
    }
    return keys;
  }

  async #write(image: ResolvedImage, key: string, signal: AbortSignal, progress: ReportProgress): Promise<void> {
    const { paths, store, logger } = this.#options;
    const path = paths.disk(key);
    if ((await wholeDiskSize(path)) !== undefined) return;
    if (existsSync(path)) logger.warn('A damaged disk is written anew', { key });
    await this.#requireLayers(image);
    const partial = this.#partialPath(key);
    const started = performance.now();
    // The caller that began this may leave before others do, and its lease with it.
    const lease = store.lease();
    for (const { descriptor } of image.layers) lease.pin(descriptor.digest);
    try {
      await runWorker(this.#task(image, key, partial), signal, progress, logger);
      await chmod(partial, 0o400);
      await rename(partial, path);
      await syncDirectory(paths.disks);
    } catch (error) {
      await rm(partial, { force: true });
      logger.warn('Unpacking failed', { reference: image.reference, error: String(error) });
      throw await this.#explain(error, image);
    } finally {
      lease.release();
    }
    logger.info('Image unpacked', { reference: image.reference, key, milliseconds: Math.round(performance.now() - started) });
  }

  /** @throws BerthError DigestMismatch when a layer is gone, as damaged ones are, or is not whole. */
  async #requireLayers(image: ResolvedImage): Promise<void> {
    for (const { descriptor } of image.layers) {
      if (!(await this.#options.store.hasBlob(descriptor))) throw localDamage(image, descriptor.digest, 'missing from the local store, or not whole there');
    }
  }

  /** When a layer cannot be unpacked, either the image is faulty or our copy is. The latter goes, so that a pull mends it. */
  async #explain(failure: unknown, image: ResolvedImage): Promise<BerthError> {
    const error = BerthError.from(failure);
    if (error.code !== 'LayerInvalid' && error.code !== 'DigestMismatch') return error;
    const damaged: string[] = [];
    for (const { descriptor } of image.layers) {
      try {
        if (await this.#options.store.discardDamaged(descriptor.digest)) damaged.push(descriptor.digest);
      } catch (cause) {
        this.#options.logger.error('A layer cannot be verified', cause, { reference: image.reference, digest: descriptor.digest });
      }
    }
    const [first] = damaged;
    if (first !== undefined) return localDamage(image, first, 'damaged in the local store', error);
    return new BerthError(error.code, error.message, { cause: error.cause, data: { ...error.data, reference: image.reference } });
  }

  #task(image: ResolvedImage, key: string, path: string): UnpackTask {
    return {
      layers: image.layers.map(({ descriptor, diffId, blobPath }) => ({ path: blobPath, size: descriptor.size, diffId })),
      path,
      disk: {
        size: this.#options.diskSize ?? defaultDiskSize,
        uuid: uuidOf(key),
        // Nothing of the configuration may be in it: images with the same layers share a disk.
        time: 0,
      },
    };
  }
}

/** Names a disk: what is in it (chain ID), for which platform, and how it was written. */
function diskKey(image: ResolvedImage): string {
  const { os, architecture, variant } = image.platform;
  const platform = [os, architecture, variant].filter((part) => part !== undefined).join('-').replace(/[^a-zA-Z0-9-]/g, '_');
  return `${image.chainId.replace(/^sha256:/, '')}-${platform}-${diskFormat}`;
}

/** The same image always becomes the same disk, so its UUID follows from its key (RFC 9562, version 8). */
function uuidOf(key: string): Uint8Array {
  const uuid = createHash('sha256').update(key).digest().subarray(0, 16);
  uuid[6] = (uuid[6]! & 0x0f) | 0x80;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
}

function processDefaults({ configuration: { config = {} } }: ResolvedImage): ImageProcessDefaults {
  return {
    env: config.Env ?? [],
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    workingDirectory: config.WorkingDir || '/',
    user: config.User ?? '',
    stopSignal: config.StopSignal,
    volumes: config.Volumes ?? [],
    exposedPorts: config.ExposedPorts ?? [],
    healthCheck: config.Healthcheck,
  };
}

function localDamage({ reference }: ResolvedImage, digest: string, what: string, cause?: unknown): BerthError {
  return new BerthError('DigestMismatch', `A layer of the image ${reference} is ${what} (${digest}). Pull the image again.`, { cause, data: { reference, digest } });
}

/** From source when this module runs from source, else the bundle beside this one. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './unpackWorker.ts' : './unpackWorker.mjs', import.meta.url);
}

/** Settles when the thread has ended, so that nothing writes to the file any more. */
async function runWorker(task: UnpackTask, signal: AbortSignal, progress: ReportProgress, logger: Logger): Promise<void> {
  const worker = new Worker(workerUrl(), { workerData: task, name: 'unpack' });
  const stop = (): void => worker.postMessage('stop');
  let last: UnpackReport | undefined;
  let crash: unknown;
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  worker.on('message', (report: UnpackReport) => {
    last = report;
    if (report.type === 'progress') progress(report.report);
  });
  worker.on('error', (error) => { crash = error; });
  await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  signal.removeEventListener('abort', stop);
  if (crash !== undefined) throw crash;
  if (last?.type === 'failed') {
    if (last.error.code === 'Internal') logger.error('The unpacking thread failed', last.detail);
    throw BerthError.fromPayload(last.error);
  }
  if (last?.type !== 'done') throw new BerthError('Internal', 'Unpacking ended without a result.');
}
