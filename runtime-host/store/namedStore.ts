import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, syncDirectory, writeFileAtomically } from '../base/atomicFile.ts';
import type { Logger } from '../base/log.ts';
import { removeTree } from '../base/removeTree.ts';
import { isNodeError } from '../protocol/errors.ts';
import { damagedSuffix, removingSuffix } from '../protocol/paths.ts';

/*
 * What has a name of the user's exists when its directory holds a record. So
 *
 *   <root>/<name>/<record>.json           written last when it is created
 *   <root>/<name>/                        without a record: its creation was interrupted, load() removes it
 *   <root>/<name>~<random>.removing/      being removed; load() finishes that
 *   <root>/<name>~<random>.damaged/       its record could not be read; nobody touches it, so that a person can look
 *
 * No name has a tilde.
 */

export interface NamedKind<Named> {
  /** As the log names it: “volume”. */
  readonly noun: string;
  readonly root: string;
  readonly pathsOf: (name: string) => { readonly directory: string; readonly record: string };
  readonly pattern: RegExp;
  /** A record as it was written, or the name of the first member that is not as it must be. */
  readonly parse: (text: string, name: string) => Named | { readonly wrong: string };
}

/** Those on disk; see above. */
export class NamedStore<Named extends { readonly name: string }> {
  readonly #kind: NamedKind<Named>;
  readonly #log: Logger;
  /** Names of those that load() could not look at. */
  readonly unreadable = new Set<string>();

  constructor(kind: NamedKind<Named>, log: Logger) {
    this.#kind = kind;
    this.#log = log;
  }

  /** All of them, and the traces of interrupted creations and removals put right. Called once, first. */
  async load(): Promise<Named[]> {
    const { root, pattern, noun } = this.#kind;
    await mkdir(root, { recursive: true, mode: 0o700 });
    const records: Named[] = [];
    for (const entry of await readdir(root)) {
      try {
        if (entry.endsWith(removingSuffix) && entry.includes('~')) await removeTree(join(root, entry));
        const record = pattern.test(entry) ? await this.#read(entry) : undefined;
        if (record) records.push(record);
      } catch (error) {
        this.#log.error(`A ${noun} is passed over, as its directory cannot be used`, error, { entry });
        this.unreadable.add(entry);
      }
    }
    return records;
  }

  /** Makes the directory that its files go to; {@link save} then makes it exist. */
  async prepare(name: string): Promise<void> {
    await mkdir(this.#kind.pathsOf(name).directory, { recursive: true, mode: 0o700 });
  }

  async save(record: Named): Promise<void> {
    await writeFileAtomically(this.#kind.pathsOf(record.name).record, `${JSON.stringify(record, undefined, 2)}\n`);
    await syncDirectory(this.#kind.root);
  }

  /** Removes one with all its files, or what there is of it. It is gone at once, however long deleting takes. */
  async remove(name: string): Promise<void> {
    const aside = await this.#putAside(name, removingSuffix);
    if (aside === undefined) return;
    await syncDirectory(this.#kind.root);
    await removeTree(aside);
  }

  async #putAside(name: string, suffix: string): Promise<string | undefined> {
    const { directory } = this.#kind.pathsOf(name);
    const aside = `${directory}~${randomBytes(6).toString('hex')}${suffix}`;
    try {
      await rename(directory, aside);
    } catch (error) {
      if (isNodeError(error) && error.code === 'ENOENT') return undefined;
      throw error;
    }
    return aside;
  }

  async #read(name: string): Promise<Named | undefined> {
    const { noun, pathsOf, parse } = this.#kind;
    const { directory, record } = pathsOf(name);
    let text: string;
    try {
      text = await readFile(record, 'utf8');
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
      this.#log.info(`Removed what an interrupted creation of a ${noun} left behind.`, { [noun]: name });
      await this.remove(name);
      return undefined;
    }
    const parsed = parse(text, name);
    if (!('wrong' in parsed)) {
      await removeTemporaries(directory);
      return parsed;
    }
    const aside = await this.#putAside(name, damagedSuffix);
    this.#log.error(`A ${noun}’s record is damaged; the ${noun} was set aside`, new Error(`unusable: ${String(parsed.wrong)}`), { directory: aside });
    return undefined;
  }
}
