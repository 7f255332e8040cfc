import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isNodeError } from '../protocol/errors.ts';

/** A process for good: its id may be given to another process later, but not with the same start. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process, different for any other that has or had its id, across reboots too. */
  readonly start: string;
}

/** The identity of a process that runs now; undefined when there is none, or only a zombie. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const start = process.platform === 'linux' ? await linuxStart(pid) : await startFromSystem(pid);
  return start === undefined ? undefined : { pid, start };
}

/** Whether that very process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.start === identity.start;
}

/** Boot and clock tick of the start (proc(5): field 22 of stat, counted from the end of the name in parentheses). */
async function linuxStart(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readFile(`/proc/${pid}/stat`, 'utf8')]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' ? undefined : `${boot.trim()}/${ticks}`;
  } catch (error) {
    if (isNodeError(error) && ['ENOENT', 'ESRCH'].includes(error.code ?? '')) return undefined;
    throw error;
  }
}

/** Elsewhere `ps` knows the second of the start; Windows has no `ps`, but there nothing depends on this. */
async function startFromSystem(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
    return stdout.trim() || undefined;
  } catch (error) {
    // `ps` ends with status 1 when there is no such process.
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}
