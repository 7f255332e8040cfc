import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, 'VmRSS') / 1024;
}

/** The same, with what several processes share divided among them. */
export function proportionalMiB(pid: number): number {
  return kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss') / 1024;
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many processes have this text in their command line. */
export function countProcesses(text: string): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLine(name).includes(text)).length;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended since it was listed.
  }
}

/** A figure of a file in the manner of /proc/meminfo. */
export function figureOf(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  if (match === null) throw new Error(`There is no ${name} to read.`);
  return Number(match[1]);
}

function kilobytes(file: string, name: string): number {
  return figureOf(readFileSync(file, 'utf8'), name);
}
