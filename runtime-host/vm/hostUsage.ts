import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isNodeError } from '../protocol/errors.ts';

const kibibyte = 1024;
const blockSize = 512; // stat(2): st_blocks counts these, whatever the file system.

/** Physical memory that a process holds; 0 when it has ended. */
export async function residentBytes(pid: number): Promise<number> {
  try {
    if (process.platform === 'linux') {
      const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
      return Number(kibibytes ?? 0) * kibibyte;
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
    return Number(stdout) * kibibyte;
  } catch (error) {
    // `ps` ends with status 1 when there is no such process.
    if (isNodeError(error) && (error.code === 'ENOENT' || error.code === 'ESRCH' || (error as { code?: unknown }).code === 1)) return 0;
    throw error;
  }
}

/** What a file takes on the disk: holes take nothing. */
export async function allocatedBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * blockSize;
}
