import { existsSync, readFileSync, renameSync } from 'node:fs';
import { writeFileAtomically } from '../base/atomicFile.ts';
import type { Logger } from '../base/log.ts';
import { isNodeError } from '../protocol/errors.ts';
import { damagedSuffix } from '../protocol/paths.ts';
import { JsonReader } from './jsonReader.ts';
import type { Descriptor } from './types.ts';

const referenceAnnotation = 'org.opencontainers.image.ref.name';

/** An entry of index.json: a reference and what it names. */
export interface StoredReference {
  readonly reference: string;
  readonly descriptor: Descriptor;
}

/**
 * The list of images, index.json of an OCI image layout: one entry for each reference.
 *
 * A list that cannot be understood must not keep anyone from their containers, so it is set aside as
 * index.json.damaged, for a person to look at, and an empty one takes its place.
 */
export class ImageIndex {
  readonly #file: string;
  readonly #logger: Logger;
  #isLost = false;

  constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
  }

  /** Whether there were images that this list has forgotten: then nothing tells what in the store is garbage. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Makes sure that there is a list: an empty one in a new store, and in the place of one that is damaged or lost. */
  async open({ isNew }: { readonly isNew: boolean }): Promise<void> {
    if (!isNew || existsSync(this.#file)) this.read();
    if (!existsSync(this.#file)) await this.write([]);
  }

  /** Reads and, where need be, sets aside in one turn, so that it is never a good list that goes. */
  read(): StoredReference[] {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#file);
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
      this.#isLost = true;
      return [];
    }
    try {
      return parseEntries(JsonReader.parse(bytes, this.#file));
    } catch (error) {
      const aside = `${this.#file}${damagedSuffix}`;
      renameSync(this.#file, aside);
      this.#isLost = true;
      this.#logger.error('The list of images is damaged and was set aside; images must be pulled again, containers are not concerned', error, { file: aside });
      return [];
    }
  }

  async write(entries: readonly StoredReference[]): Promise<void> {
    await writeFileAtomically(this.#file, formatEntries(entries), 0o644);
  }
}

function parseEntries(document: JsonReader): StoredReference[] {
  return document.field('manifests').items().flatMap((item) => {
    const descriptor = item.descriptor();
    const reference = descriptor.annotations?.[referenceAnnotation];
    return reference === undefined ? [] : [{ reference, descriptor }];
  });
}

function formatEntries(entries: readonly StoredReference[]): string {
  const manifests = entries.map(({ reference, descriptor: { mediaType, digest, size } }) => ({ mediaType, digest, size, annotations: { [referenceAnnotation]: reference } }));
  return `${JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }, undefined, 2)}\n`;
}
