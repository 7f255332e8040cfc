import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, writeFileAtomically } from '../base/atomicFile.ts';
import { isNodeError } from '../protocol/errors.ts';
import { sessionFiles, sessionRecordSuffix } from '../protocol/paths.ts';
import { sessionIdPattern } from '../protocol/sessions.ts';
import { removeOutputLog } from './outputLog.ts';

/** containers/<id>/sessions/<id>.json: what a host that comes later must know of a session. */
export interface SessionRecord {
  readonly version: 1;
  readonly id: string;
  readonly name?: string;
  readonly command: readonly string[];
  readonly startedAt: string;
  readonly expireSeconds: number;
  /** Of one that has ended while nobody looked. */
  readonly exited?: { readonly exitCode: number; readonly oomKilled?: boolean };
}

/** The sessions of one container on disk. They are worth keeping only as long as its virtual machine runs. */
export class SessionStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  logPath(id: string): string {
    return sessionFiles(this.#directory, id).log;
  }

  /** Those that can be read; what is left of others is removed. */
  async load(): Promise<SessionRecord[]> {
    const records: SessionRecord[] = [];
    for (const name of await this.#names()) {
      if (!name.endsWith(sessionRecordSuffix)) continue;
      const id = name.slice(0, -sessionRecordSuffix.length);
      const record = parse(await readFile(join(this.#directory, name), 'utf8'), id);
      if (record) records.push(record);
      else await rm(join(this.#directory, name), { force: true });
    }
    return records;
  }

  async save(record: SessionRecord): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFileAtomically(sessionFiles(this.#directory, record.id).record, `${JSON.stringify(record)}\n`);
  }

  async remove(id: string): Promise<void> {
    const { record, log } = sessionFiles(this.#directory, id);
    await rm(record, { force: true });
    await removeOutputLog(log);
  }

  /** All of them. */
  async clear(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #names(): Promise<string[]> {
    try {
      await removeTemporaries(this.#directory);
      return await readdir(this.#directory);
    } catch (error) {
      if (isNodeError(error) && error.code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** Undefined for what this Berth did not write. */
function parse(text: string, id: string): SessionRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<SessionRecord> | null;
    const isRight = record?.version === 1 && record.id === id && sessionIdPattern.test(id) && Array.isArray(record.command)
      && typeof record.startedAt === 'string' && typeof record.expireSeconds === 'number';
    return isRight ? (record as SessionRecord) : undefined;
  } catch {
    return undefined; // Not JSON.
  }
}
