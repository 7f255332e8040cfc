import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '../../base/atomicFile.ts';
import type { Logger } from '../../base/log.ts';
import { SerialQueue } from '../../base/serialQueue.ts';
import { isNodeError } from '../../protocol/errors.ts';
import type { NetworkActivity } from '../../protocol/networks.ts';

const saveMilliseconds = 2000;
/** As netd has it for one member; the oldest go first. */
export const longestActivity = 1000;

/** containers/<id>/activity.json */
interface ActivityFile {
  readonly version: 1;
  /** From before the counts that netd still has. */
  readonly past: readonly NetworkActivity[];
  /** What each network's netd counts, and which process that is. */
  readonly present: Readonly<Record<string, { readonly netd: string; readonly entries: readonly NetworkActivity[] }>>;
}

/**
 * What a container used or tried to use, over all its runs. netd counts from 0 when it, or the run, is a new one; so what it
 * has counted until then becomes the past.
 */
export class ActivityBook {
  readonly #path: string;
  readonly #log: Logger;
  readonly #saves = new SerialQueue();
  #past: Map<string, NetworkActivity>;
  readonly #present: Map<string, { netd: string; entries: Map<string, NetworkActivity> }>;
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, log: Logger, file: ActivityFile | undefined) {
    this.#path = path;
    this.#log = log;
    this.#past = byKey(file?.past ?? []);
    this.#present = new Map(Object.entries(file?.present ?? {}).map(([network, { netd, entries }]) => [network, { netd, entries: byKey(entries) }]));
  }

  /** What was written; nothing when there is nothing, or nothing that can be read. */
  static async open(path: string, log: Logger): Promise<ActivityBook> {
    let file: ActivityFile | undefined;
    try {
      const value: unknown = JSON.parse(await readFile(path, 'utf8'));
      file = isActivityFile(value) ? value : undefined;
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') log.warn('What a container used of the network cannot be read.', { path, reason: String(error) });
    }
    return new ActivityBook(path, log, file);
  }

  /** All of it, the newest first. */
  entries(): NetworkActivity[] {
    return newest(this.#merged());
  }

  /** How often it was denied something. */
  get denied(): number {
    let count = 0;
    for (const entry of this.#merged().values()) if (entry.verdict === 'denied') count += entry.count;
    return count;
  }

  /** netd counts for a network: from 0 when `isNew`, otherwise on from what it has. */
  begin(network: string, netd: string, isNew: boolean, entries: readonly NetworkActivity[]): void {
    const before = this.#present.get(network);
    if (before && (isNew || before.netd !== netd)) this.#past = merge(this.#past, before.entries);
    this.#present.set(network, { netd, entries: byKey(entries) });
    this.#saveSoon();
  }

  /** Counts that have changed. What comes late, after a later answer to a question, changes nothing. */
  note(network: string, entries: readonly NetworkActivity[]): void {
    const present = this.#present.get(network);
    if (!present) return;
    for (const entry of entries) {
      const key = keyOf(entry);
      if (entry.count >= (present.entries.get(key)?.count ?? 0)) present.entries.set(key, entry);
    }
    this.#saveSoon();
  }

  /** The run has ended: nothing of it is counted on. */
  async end(): Promise<void> {
    for (const { entries } of this.#present.values()) this.#past = merge(this.#past, entries);
    const isEmpty = this.#past.size === 0;
    this.#present.clear();
    clearTimeout(this.#timer);
    if (!isEmpty) await this.#save();
  }

  /** Writes what is not written yet. */
  async flush(): Promise<void> {
    if (this.#timer === undefined) return this.#saves.run(() => Promise.resolve());
    clearTimeout(this.#timer);
    await this.#save();
  }

  #merged(): Map<string, NetworkActivity> {
    return [...this.#present.values()].reduce((all, { entries }) => merge(all, entries), this.#past);
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => void this.#save(), saveMilliseconds).unref();
  }

  /** It is an account and nothing depends on it: a full disk, or a container that was just removed, keeps nobody from anything. */
  async #save(): Promise<void> {
    this.#timer = undefined;
    const present = Object.fromEntries([...this.#present].map(([network, { netd, entries }]) => [network, { netd, entries: newest(entries) }]));
    const file: ActivityFile = { version: 1, past: newest(this.#past), present };
    if (file.past.length === 0 && Object.values(present).every(({ entries }) => entries.length === 0)) return;
    await this.#saves.run(() => writeFileAtomically(this.#path, `${JSON.stringify(file)}\n`)).catch((error: unknown) => {
      if (!isNodeError(error) || error.code !== 'ENOENT') this.#log.warn('What a container used of the network could not be written.', { path: this.#path, reason: String(error) });
    });
  }
}

function keyOf({ destination, name, port, protocol, verdict }: NetworkActivity): string {
  return JSON.stringify([destination, name, port, protocol, verdict]);
}

function byKey(entries: readonly NetworkActivity[]): Map<string, NetworkActivity> {
  return new Map(entries.map((entry) => [keyOf(entry), entry]));
}

function merge(one: ReadonlyMap<string, NetworkActivity>, other: ReadonlyMap<string, NetworkActivity>): Map<string, NetworkActivity> {
  const merged = new Map(one);
  for (const [key, entry] of other) {
    const before = merged.get(key);
    merged.set(key, before ? { ...entry, count: before.count + entry.count, lastAt: before.lastAt > entry.lastAt ? before.lastAt : entry.lastAt } : entry);
  }
  return merged;
}

function newest(entries: ReadonlyMap<string, NetworkActivity>): NetworkActivity[] {
  return [...entries.values()].sort((one, other) => (one.lastAt < other.lastAt ? 1 : -1)).slice(0, longestActivity);
}

function isActivityFile(value: unknown): value is ActivityFile {
  const file = value as Partial<ActivityFile> | null;
  const isList = (entries: unknown): boolean => Array.isArray(entries) && entries.every((entry: Partial<NetworkActivity> | null) => typeof entry?.destination === 'string' && typeof entry.count === 'number' && typeof entry.lastAt === 'string');
  return file?.version === 1 && isList(file.past) && typeof file.present === 'object' && Object.values(file.present).every((present) => typeof present?.netd === 'string' && isList(present.entries));
}
