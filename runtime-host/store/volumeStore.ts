import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, syncDirectory, writeFileAtomically } from '../base/atomicFile.ts';
import type { Logger } from '../base/log.ts';
import { removeTree } from '../base/removeTree.ts';
import { isNodeError } from '../protocol/errors.ts';
import { damagedSuffix, removingSuffix, type BerthPaths } from '../protocol/paths.ts';
import { volumeNamePattern } from '../protocol/volumes.ts';
import { parseVolumeRecord, type VolumeRecord } from './volumeRecord.ts';

/*
 * A volume exists when its directory holds a record. So
 *
 *   volumes/<name>/volume.json               written last when it is created
 *   volumes/<name>/                          without a record: its creation was interrupted, load() removes it
 *   volumes/<name>~<random>.removing/        being removed; load() finishes that
 *   volumes/<name>~<random>.damaged/         its record could not be read; nobody touches it, so that a person can look
 *
 * No volume's name has a tilde.
 */

/** The volumes on disk; see above. */
export class VolumeStore {
  readonly #paths: BerthPaths;
  readonly #log: Logger;
  /** Volumes that load() could not look at. */
  readonly unreadable = new Set<string>();

  constructor(paths: BerthPaths, log: Logger) {
    this.#paths = paths;
    this.#log = log;
  }

  /** All volumes, and the traces of interrupted creations and removals put right. Called once, first. */
  async load(): Promise<VolumeRecord[]> {
    const { volumes } = this.#paths;
    await mkdir(volumes, { recursive: true, mode: 0o700 });
    const records: VolumeRecord[] = [];
    for (const entry of await readdir(volumes)) {
      try {
        if (entry.endsWith(removingSuffix) && entry.includes('~')) await removeTree(join(volumes, entry));
        const record = volumeNamePattern.test(entry) ? await this.#read(entry) : undefined;
        if (record) records.push(record);
      } catch (error) {
        this.#log.error('A volume is passed over, as its directory cannot be used', error, { entry });
        this.unreadable.add(entry);
      }
    }
    return records;
  }

  /** Makes the directory that a new volume's files go to; {@link save} then makes the volume exist. */
  async prepare(name: string): Promise<void> {
    await mkdir(this.#paths.volume(name).directory, { recursive: true, mode: 0o700 });
  }

  async save(record: VolumeRecord): Promise<void> {
    await writeFileAtomically(this.#paths.volume(record.name).record, `${JSON.stringify(record, undefined, 2)}\n`);
    await syncDirectory(this.#paths.volumes);
  }

  /** Removes a volume with all its files, or what there is of it. It is gone at once, however long deleting takes. */
  async remove(name: string): Promise<void> {
    const aside = await this.#putAside(name, removingSuffix);
    if (aside === undefined) return;
    await syncDirectory(this.#paths.volumes);
    await removeTree(aside);
  }

  async #putAside(name: string, suffix: string): Promise<string | undefined> {
    const { directory } = this.#paths.volume(name);
    const aside = `${directory}~${randomBytes(6).toString('hex')}${suffix}`;
    try {
      await rename(directory, aside);
    } catch (error) {
      if (isNodeError(error) && error.code === 'ENOENT') return undefined;
      throw error;
    }
    return aside;
  }

  async #read(name: string): Promise<VolumeRecord | undefined> {
    const { directory, record } = this.#paths.volume(name);
    let text: string;
    try {
      text = await readFile(record, 'utf8');
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
      this.#log.info('Removed what an interrupted creation of a volume left behind.', { volume: name });
      await this.remove(name);
      return undefined;
    }
    const parsed = parseVolumeRecord(text, name);
    if (!('wrong' in parsed)) {
      await removeTemporaries(directory);
      return parsed;
    }
    const aside = await this.#putAside(name, damagedSuffix);
    this.#log.error('A volume’s record is damaged; the volume was set aside', new Error(`unusable: ${parsed.wrong}`), { directory: aside });
    return undefined;
  }
}
