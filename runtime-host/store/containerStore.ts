import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, syncDirectory, writeFileAtomically } from '../base/atomicFile.ts';
import type { Logger } from '../base/log.ts';
import { isNodeError } from '../protocol/errors.ts';
import { damagedSuffix, removingSuffix, type BerthPaths } from '../protocol/paths.ts';
import { parseRecord, type ContainerRecord } from './containerRecord.ts';

/*
 * A container exists when its directory holds a record. So
 *
 *   containers/<id>/container.json      written last when it is created
 *   containers/<id>/                    without a record: its creation was interrupted, load() removes it
 *   containers/<id>.removing/           being removed; load() finishes that
 *   containers/<id>.damaged/            its record could not be read; nobody touches it, so that a person can look
 */

/** The containers on disk; see above. */
export class ContainerStore {
  readonly #paths: BerthPaths;
  readonly #log: Logger;
  /** Containers that load() could not read. They may run, and they need a disk of which nobody knows which it is. */
  readonly unreadable = new Set<string>();

  constructor(paths: BerthPaths, log: Logger) {
    this.#paths = paths;
    this.#log = log;
  }

  /** All containers, and the traces of interrupted creations and removals put right. Called once, first. */
  async load(): Promise<ContainerRecord[]> {
    await mkdir(this.#paths.containers, { recursive: true, mode: 0o700 });
    const records: ContainerRecord[] = [];
    for (const entry of await readdir(this.#paths.containers)) {
      if (entry.endsWith(removingSuffix)) await rm(join(this.#paths.containers, entry), { recursive: true, force: true });
      else if (/^[0-9a-f]{64}$/.test(entry)) {
        const record = await this.#readOrSkip(entry);
        if (record) records.push(record);
      }
    }
    return records;
  }

  /** One directory that cannot be read, another user's for instance, does not keep anybody from the others. */
  async #readOrSkip(id: string): Promise<ContainerRecord | undefined> {
    try {
      const record = await this.#read(id);
      if (record) await removeTemporaries(this.#paths.container(id).directory);
      return record;
    } catch (error) {
      this.#log.error('A container is passed over, as its directory cannot be used', error, { id });
      this.unreadable.add(id);
      return undefined;
    }
  }

  /** Makes the directory that a new container's files go to; {@link save} then makes the container exist. */
  async prepare(id: string): Promise<void> {
    await mkdir(this.#paths.container(id).directory, { recursive: true, mode: 0o700 });
  }

  async save(record: ContainerRecord): Promise<void> {
    await writeFileAtomically(this.#paths.container(record.id).record, `${JSON.stringify(record, undefined, 2)}\n`);
  }

  /** Removes a container with all its files, or what there is of it. It is gone at once, however long deleting takes. */
  async remove(id: string): Promise<void> {
    const { directory, sockets } = this.#paths.container(id);
    const aside = `${directory}${removingSuffix}`;
    try {
      await rename(directory, aside);
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
    }
    await syncDirectory(this.#paths.containers);
    await rm(aside, { recursive: true, force: true });
    await rm(sockets, { recursive: true, force: true });
  }

  async #read(id: string): Promise<ContainerRecord | undefined> {
    const { directory, record } = this.#paths.container(id);
    let text: string;
    try {
      text = await readFile(record, 'utf8');
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
      this.#log.info('Removed what an interrupted creation left behind.', { id });
      await this.remove(id);
      return undefined;
    }
    const parsed = parseRecord(text, id);
    if (!('wrong' in parsed)) return parsed;
    await rename(directory, `${directory}${damagedSuffix}`);
    this.#log.error('A container’s record is damaged; the container was set aside', new Error(`unusable: ${parsed.wrong}`), { directory: `${directory}${damagedSuffix}` });
    return undefined;
  }
}
