import { posix } from 'node:path';
import { BerthError } from '../../protocol/errors.ts';
import type { Tmpfs } from '../../protocol/worldOptions.ts';

/** A file system in memory as vminitd is told it. */
export interface TemporaryFileSystem {
  readonly target: string;
  readonly readOnly: boolean;
  readonly executable: boolean;
  readonly setUserId: boolean;
  readonly devices: boolean;
  /** For the kernel. */
  readonly options: string;
}

type Flag = 'readOnly' | 'executable' | 'setUserId' | 'devices';

const flags: Readonly<Record<string, readonly [Flag, boolean]>> = {
  ro: ['readOnly', true], rw: ['readOnly', false],
  exec: ['executable', true], noexec: ['executable', false],
  suid: ['setUserId', true], nosuid: ['setUserId', false],
  dev: ['devices', true], nodev: ['devices', false],
};
/** What docker takes, and what makes no difference in memory. */
const meaningless = new Set(['defaults', 'sync', 'async', 'atime', 'noatime', 'diratime', 'nodiratime', 'relatime', 'norelatime', 'strictatime', 'nostrictatime']);
const values: Readonly<Record<string, RegExp>> = {
  size: /^\d+([kmgKMG]|%)?$/, nr_inodes: /^\d+[kmgKMG]?$/, nr_blocks: /^\d+[kmgKMG]?$/, mode: /^[0-7]{1,4}$/, uid: /^\d{1,10}$/, gid: /^\d{1,10}$/,
};

/** @throws BerthError InvalidArgument for a place or an option that is wrong */
export function temporaryFileSystem({ target, options = '' }: Tmpfs): TemporaryFileSystem {
  const clean = posix.normalize(target).replace(/(?<=.)\/$/, '');
  if (!clean.startsWith('/') || clean.includes('\0')) throw invalid(`“${target}” is not an absolute path in the container.`);
  if (clean === '/' || clean === '/dev' || /^\/(proc|sys)(\/|$)/.test(clean)) throw invalid(`There can be no tmpfs at “${clean}” of the container. Choose another place.`);
  const result = { target: clean, readOnly: false, executable: false, setUserId: false, devices: false };
  const forKernel: string[] = [];
  for (const option of options.split(',').filter((text) => text !== '')) {
    const [name = '', value] = option.split('=', 2);
    const flag = value === undefined && Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag) result[flag[0]] = flag[1];
    else if (value !== undefined && Object.hasOwn(values, name) && values[name]?.test(value)) forKernel.push(option);
    else if (!meaningless.has(option)) throw invalid(`The option “${option}” of the tmpfs at ${clean} is not one that it can have. Options are like size=64m, mode=1770 or exec.`);
  }
  return { ...result, options: forKernel.join(',') };
}

function invalid(message: string): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option: 'tmpfs' } });
}
