import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, writeFileAtomically } from '../base/atomicFile.ts';
import { silentLogger } from '../base/log.ts';
import type { Logger } from '../base/log.ts';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import { ingestDirectory } from '../protocol/paths.ts';
import { DigestVerifier, digestLike, parseDigest } from './digest.ts';
import { ingestBlob } from './ingest.ts';
import { ImageIndex, type StoredReference } from './imageIndex.ts';
import { largestManifest, parseImageDocument } from './manifest.ts';
import { isIndexType, isManifestType } from './mediaTypes.ts';
import { SerialQueue } from '../base/serialQueue.ts';
import type { Descriptor } from './types.ts';

/*
 * The content store: an OCI image layout (image-spec, image-layout.md) that any tool may read while Berth does not
 * write, and in which nothing is visible before it is complete.
 *
 *   <directory>/oci-layout                {"imageLayoutVersion":"1.0.0"}
 *               index.json                one entry for each reference; its full text is the annotation ref.name
 *               index.json.damaged        a list of images that could not be read, for a person to look at
 *               blobs/sha256/<hex>        complete and verified, never changed
 *               ingest/<random>           blobs still arriving, and blobs on their way out; emptied at start
 *
 * Blobs come before the entry that reaches them and go after it. Blobs that no entry reaches are garbage, unless a lease
 * has pinned them: a pull pins what it needs before it looks whether it is there.
 */

/** Keeps blobs from being collected as garbage until it is released. */
export interface Lease {
  pin(digest: string): void;
  release(): void;
}

/** The images on disk; see above. Open one per directory at a time. */
export class ContentStore {
  readonly directory: string;
  readonly #index: ImageIndex;
  readonly #logger: Logger;
  /** Serialises changes of index.json, and garbage collection with them. */
  readonly #changes = new SerialQueue();
  readonly #leases = new Set<Set<string>>();

  private constructor(directory: string, logger: Logger) {
    this.directory = directory;
    this.#logger = logger;
    this.#index = new ImageIndex(join(directory, 'index.json'), logger);
  }

  /** Opens or creates the store, and clears away what a killed host left behind. One store per directory at a time. */
  static async open(directory: string, logger: Logger = silentLogger): Promise<ContentStore> {
    const store = new ContentStore(directory, logger);
    await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true, mode: 0o700 });
    await rm(store.#ingest, { recursive: true, force: true });
    await mkdir(store.#ingest, { mode: 0o700 });
    await removeTemporaries(directory);
    if (!existsSync(join(directory, 'oci-layout'))) await writeFileAtomically(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }), 0o644);
    await store.#index.open({ isNew: (await store.#blobs()).length === 0 });
    await store.collectGarbage();
    return store;
  }

  get #ingest(): string { return join(this.directory, ingestDirectory); }

  /**
   * Whether the list of images was lost since the store was opened. What is stored is then left alone, so that whoever
   * pulls their images again finds it; with the next start what nobody has pulled goes.
   */
  get referencesAreLost(): boolean { return this.#index.isLost; }

  /** Where the blob of this digest is, if it is there. */
  blobPath(digest: string): string {
    const parsed = parseDigest(digest);
    if (!parsed) throw new TypeError(`Not a digest: ${digest}`);
    return join(this.directory, 'blobs', parsed.algorithm, parsed.hex);
  }

  async hasBlob(descriptor: Descriptor): Promise<boolean> {
    try {
      return (await stat(this.blobPath(descriptor.digest))).size === descriptor.size;
    } catch (error) {
      if (isNodeError(error) && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Reads a small blob (an index, a manifest, a configuration) and verifies it again.
   * @throws BerthError ManifestInvalid when it is missing or too large, DigestMismatch when it is damaged
   */
  async readBlob(descriptor: Descriptor, limit: number): Promise<Buffer> {
    const advice = 'Pull the image again.';
    if (descriptor.size > limit) throw new BerthError('ManifestInvalid', `The content ${descriptor.digest} of an image is larger than the ${limit} bytes that Berth reads.`);
    let bytes: Buffer;
    try {
      bytes = await readFile(this.blobPath(descriptor.digest));
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
      throw new BerthError('ManifestInvalid', `A part of an image is missing from the local store (${descriptor.digest}). ${advice}`, { cause: error });
    }
    if (digestLike(descriptor.digest, bytes) !== descriptor.digest) {
      throw new BerthError('DigestMismatch', `A part of an image in the local store is damaged (${descriptor.digest}). ${advice}`);
    }
    return bytes;
  }

  /**
   * Reads a blob through and removes it when it is not what its digest says, whoever has pinned it: it is of no use to
   * anyone, and the next pull fetches it anew. Answers whether the blob was damaged.
   */
  async discardDamaged(digest: string): Promise<boolean> {
    const path = this.blobPath(digest);
    const verifier = new DigestVerifier(digest);
    const file = await open(path, 'r');
    try {
      for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>) verifier.update(chunk);
      if (verifier.digest() === digest) return false;
      const { ino } = await file.stat();
      // In one turn: a pull may have put a good one in its place meanwhile.
      if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path);
      return true;
    } finally {
      await file.close();
    }
  }

  /**
   * Takes in a blob from a stream; it becomes visible only when all of it has arrived and its digest and size are right.
   * The caller has pinned it. On any failure nothing of it is left.
   * @throws BerthError DigestMismatch, DiskFull, and whatever the stream throws
   */
  async ingest(descriptor: Descriptor, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const temporary = join(this.#ingest, randomBytes(8).toString('hex'));
    await ingestBlob(descriptor, content, temporary, this.blobPath(descriptor.digest));
  }

  lease(): Lease {
    const pins = new Set<string>();
    this.#leases.add(pins);
    return { pin: (digest) => { pins.add(digest); }, release: () => { this.#leases.delete(pins); } };
  }

  references(): Promise<StoredReference[]> {
    return new Promise((resolve) => resolve(this.#index.read()));
  }

  async find(reference: string): Promise<Descriptor | undefined> {
    return (await this.references()).find((entry) => entry.reference === reference)?.descriptor;
  }

  /** Makes a reference name this content, all of which must have been ingested. */
  async setReference(reference: string, descriptor: Descriptor): Promise<void> {
    await this.#changeIndex((entries) => [...entries.filter((entry) => entry.reference !== reference), { reference, descriptor }]);
  }

  /** Forgets a reference; true when there was one. Its content goes with the next {@link collectGarbage}. */
  async removeReference(reference: string): Promise<boolean> {
    let found = false;
    await this.#changeIndex((entries) => {
      const kept = entries.filter((entry) => entry.reference !== reference);
      found = kept.length < entries.length;
      return kept;
    });
    return found;
  }

  /**
   * Removes the blobs that no reference reaches and no lease has pinned, unless references are lost; answers how many.
   * A failure is only logged: a damaged manifest hides what it reaches, so nothing may go, but the images beside it are
   * as good as ever.
   */
  async collectGarbage(): Promise<number> {
    try {
      return await this.#changes.run(() => this.#removeGarbage());
    } catch (error) {
      this.#logger.error('Unused content of the image store could not be removed', error);
      return 0;
    }
  }

  async #removeGarbage(): Promise<number> {
    const reachable = new Set<string>();
    const references = await this.references();
    if (this.referencesAreLost) return 0;
    for (const { descriptor } of references) await this.#markReachable(descriptor, reachable);
    const removed: string[] = [];
    try {
      for (const digest of await this.#blobs()) {
        const path = this.blobPath(digest);
        // All in one turn: a pull that pins this digest later will find it gone, and a damaged one may have gone already.
        if (reachable.has(digest) || this.#isPinned(digest) || !existsSync(path)) continue;
        const trash = join(this.#ingest, randomBytes(8).toString('hex'));
        renameSync(path, trash);
        removed.push(trash);
      }
    } finally {
      for (const trash of removed) await rm(trash, { force: true });
    }
    return removed.length;
  }

  #isPinned(digest: string): boolean {
    return [...this.#leases].some((pins) => pins.has(digest));
  }

  async #markReachable(descriptor: Descriptor, reachable: Set<string>): Promise<void> {
    if (reachable.has(descriptor.digest)) return;
    reachable.add(descriptor.digest);
    // Of an index only this platform's manifest is local, and an image that lost its manifest reaches nothing more.
    const isDocument = isIndexType(descriptor.mediaType) || isManifestType(descriptor.mediaType);
    if (!isDocument || !(await this.hasBlob(descriptor))) return;
    const bytes = await this.readBlob(descriptor, largestManifest);
    const document = parseImageDocument(bytes, descriptor.mediaType, `The stored manifest ${descriptor.digest}`);
    const children = document.kind === 'index' ? document.index.manifests : [document.manifest.config, ...document.manifest.layers];
    for (const child of children) await this.#markReachable(child, reachable);
  }

  async #blobs(): Promise<string[]> {
    const digests: string[] = [];
    for (const algorithm of await readdir(join(this.directory, 'blobs'), { withFileTypes: true })) {
      if (!algorithm.isDirectory()) continue;
      for (const hex of await readdir(join(this.directory, 'blobs', algorithm.name))) {
        if (parseDigest(`${algorithm.name}:${hex}`)) digests.push(`${algorithm.name}:${hex}`);
      }
    }
    return digests;
  }

  async #changeIndex(change: (entries: StoredReference[]) => StoredReference[]): Promise<void> {
    await this.#changes.run(async () => {
      await this.#index.write(change(await this.references()));
    });
  }
}
