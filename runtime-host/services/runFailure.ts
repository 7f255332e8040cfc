import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import { describeEnd, type VirtualMachine } from '../vm/virtualMachine.ts';
import type { RunContext } from './containerRun.ts';

/** QEMU's sockets close before its process is gone. */
const vmEndLimitMilliseconds = 3000;

/** When the guest fails because its VM has ended, that is what happened; the console's last words go to the log. */
export async function explain(error: unknown, { record, paths, log }: RunContext, machine: VirtualMachine): Promise<BerthError> {
  const known = BerthError.from(error);
  // An answer about a process proves that the guest is alive.
  if (known.code !== 'VmFailed' && (known.code !== 'GuestFailed' || known.data?.['subject'] !== undefined)) return known;
  const end = await Promise.race([machine.ended, delay(vmEndLimitMilliseconds, undefined, { ref: false })]);
  const qemu = await lastLines(paths.qemuLog);
  log.error('A virtual machine failed', known, { container: record.id, end: end && describeEnd(end), console: await lastLines(paths.bootLog), qemu });
  if (!end) return known;
  // Without the program's name and the long option that it complains about.
  const words = end.code ? qemu.at(-1)?.replace(/^\S+: (-\w+ .*?: )?/, '') : undefined;
  return new BerthError('VmFailed', `The virtual machine of container “${record.name}” ended unexpectedly: ${describeEnd(end)}${words ? ` (${words})` : ''}. Start the container again; the log of the runtime host has the details.`, { cause: known });
}

/**
 * Fires with a reason that can be shown.
 * @param what the virtual machine did not do in time
 */
export function limitOf(milliseconds: number, what: string): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => {
    limit.abort(new BerthError('VmFailed', `The virtual machine did not ${what} within ${milliseconds / 1000} seconds. The log of the runtime host has what it printed.`));
  }, milliseconds).unref();
  return limit.signal;
}

async function lastLines(path: string, count = 20): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-count);
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
