import { readFile } from 'node:fs/promises';

/** How many processes this machine's kernel has killed for want of memory since it started; undefined where it does not tell. */
export async function oomKills(): Promise<number | undefined> {
  try {
    const [, count] = /^oom_kill (\d+)$/m.exec(await readFile('/proc/vmstat', 'utf8')) ?? [];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined; // Another system, or /proc is hidden: then nobody knows.
  }
}
