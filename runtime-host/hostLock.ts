import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { removeTemporaries, temporaryName } from './base/atomicFile.ts';
import { identifyProcess, isAlive } from './base/processIdentity.ts';
import type { ProcessIdentity } from './base/processIdentity.ts';
import { BerthError, isNodeError } from './protocol/errors.ts';

/*
 * One host for each home, without a lock that the kernel releases (Node has none that works everywhere).
 *
 *   host.lock.1   {"pid":…,"start":…}      dead: its process has ended
 *   host.lock.2   {"released":true}        free: given back in good order
 *   host.lock.3   {"pid":…,"start":…}      the holder
 *
 * The file with the highest number counts. Whoever finds its holder gone tries to create the next number, with content,
 * in one step (link(2) fails when the name exists): only one can win. So a lock is never removed to be taken over, which
 * is where schemes with a single file let two in. The holder removes lower numbers; the highest one always stays, so a
 * number once passed is recognized by whoever comes late with it: a higher one is there.
 */

interface LockContent {
  readonly pid?: number;
  readonly start?: string;
  readonly released?: boolean;
}

export interface HostLock {
  /** Gives the lock back; the next host may start at once. */
  release(): Promise<void>;
}

/**
 * Takes the lock, or tells who has it. Whoever takes it owns the directory, and clears it of what was half-written.
 * @throws BerthError Internal where processes cannot be told from each other
 */
export async function acquireHostLock(path: string): Promise<HostLock | { readonly heldBy: ProcessIdentity }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const self = await identifyProcess(process.pid);
  if (!self) throw new BerthError('Internal', 'The runtime host does not find itself among the running processes, so it cannot tell whether it is the only one. Make /proc readable for it and try again.');
  for (;;) {
    const current = await highest(path);
    const holder = current === 0 ? undefined : await holderOf(`${path}.${current}`);
    if (holder && (await isAlive(holder))) return { heldBy: holder };
    const own = current + 1;
    if (!(await createWhole(`${path}.${own}`, self))) continue;
    if ((await highest(path)) === own) {
      await removeBelow(path, own);
      await removeTemporaries(dirname(path));
      return { release: () => replace(`${path}.${own}`, { released: true }) };
    }
    // We came late with a number that others had passed and tidied away.
    await rm(`${path}.${own}`, { force: true });
  }
}

async function highest(path: string): Promise<number> {
  return Math.max(0, ...(await numbers(path)));
}

async function numbers(path: string): Promise<number[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  return names.filter((name) => name.startsWith(prefix) && /^\d{1,15}$/.test(name.slice(prefix.length))).map((name) => Number(name.slice(prefix.length)));
}

/** Undefined when nobody has it: released, tidied away, or cut short by a power failure. */
async function holderOf(file: string): Promise<ProcessIdentity | undefined> {
  try {
    const { pid, start, released } = JSON.parse(await readFile(file, 'utf8')) as LockContent;
    return released || pid === undefined || start === undefined ? undefined : { pid, start };
  } catch (error) {
    if (error instanceof SyntaxError || (isNodeError(error) && error.code === 'ENOENT')) return undefined;
    throw error;
  }
}

/** Creates the file with its content at once; false when the name exists, or a new holder has cleared our content away. */
async function createWhole(file: string, content: LockContent): Promise<boolean> {
  return withTemporary(file, content, async (temporary) => {
    try {
      await link(temporary, file);
      return true;
    } catch (error) {
      if (isNodeError(error) && (error.code === 'EEXIST' || error.code === 'ENOENT')) return false;
      throw error;
    }
  });
}

async function replace(file: string, content: LockContent): Promise<void> {
  await withTemporary(file, content, (temporary) => rename(temporary, file));
}

/** No fsync: after a power failure no holder lives, whatever the file says. */
async function withTemporary<T>(file: string, content: LockContent, use: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = temporaryName(file);
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600, flag: 'wx' });
  try {
    return await use(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes what counts no more. */
async function removeBelow(path: string, own: number): Promise<void> {
  for (const number of await numbers(path)) {
    if (number < own) await rm(`${path}.${number}`, { force: true });
  }
}
