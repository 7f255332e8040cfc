import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isNodeError } from '../protocol/errors.ts';

/** A process of this machine with its whole command line as one string, arguments separated by NUL or by spaces. */
interface RunningProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/**
 * Process ids of those running processes whose command line holds one of the given texts. The texts must be unlikely
 * enough to be proof, like the path of a socket in a private directory: a recycled process id can then not be mistaken.
 */
export async function findProcesses(texts: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (texts.length === 0) return found;
  for (const { pid, commandLine } of await runningProcesses()) {
    for (const text of texts) if (commandLine.includes(text) && (await isOurs(pid))) found.set(text, pid);
  }
  return found;
}

/** Whether a process that was found by {@link findProcesses} is still that process, and no zombie. */
export async function isRunning(pid: number, text: string): Promise<boolean> {
  if (process.platform === 'linux') return ((await linuxCommandLine(pid)) ?? '').includes(text);
  return (await findProcesses([text])).get(text) === pid;
}

/**
 * Settles when a process that was found by {@link findProcesses} is gone. The end of a process tells nobody but its
 * parent, so it is waited for in small steps.
 */
export async function processEnd(pid: number, text: string): Promise<void> {
  for (let pause = 1; await isRunning(pid, text); pause = Math.min(2 * pause, 1000)) await delay(pause);
}

/** Ends a process that was found by {@link findProcesses}, unless it has ended already. Settles when it is gone. */
export async function killProcess(pid: number, text: string): Promise<void> {
  await endProcess(pid, text);
  await processEnd(pid, text);
}

/** Sends SIGKILL to a process that was found by {@link findProcesses}, unless it has ended already. */
export async function endProcess(pid: number, text: string): Promise<void> {
  if (!(await isRunning(pid, text))) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isNodeError(error) || error.code !== 'ESRCH') throw error; // It ended in this moment.
  }
}

/** Command lines are for everybody to read, and to imitate. */
async function isOurs(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  try {
    const [, user] = /^Uid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(user) === process.getuid?.();
  } catch (error) {
    if (isNodeError(error) && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code ?? '')) return false;
    throw error;
  }
}

async function runningProcesses(): Promise<RunningProcess[]> {
  if (process.platform !== 'linux') return processesFromPs();
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const processes = await Promise.all(pids.map(async (pid) => ({ pid, commandLine: await linuxCommandLine(pid) })));
  return processes.filter((entry): entry is RunningProcess => entry.commandLine !== undefined);
}

/** Undefined when there is no such process or it is not ours to see; empty for a zombie. */
async function linuxCommandLine(pid: number): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8');
  } catch (error) {
    if (isNodeError(error) && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code ?? '')) return undefined;
    throw error;
  }
}

async function processesFromPs(): Promise<RunningProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+) (.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), commandLine: match[2] ?? '' }] : [];
  });
}
