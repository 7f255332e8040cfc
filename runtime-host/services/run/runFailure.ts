import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { describeEnd, type VirtualMachine } from '../../vm/virtualMachine.ts';
import type { RunContext } from './runContext.ts';

const largestTail = 64 * 1024;

/** QEMU's sockets close before its process is gone. */
const vmEndLimitMilliseconds = 10_000;

/**
 * When the guest fails because its VM has ended, that is what happened; the console's last lines go to the log, and with
 * the error.
 * @param machine undefined when it did not come into being
 */
export async function explain(error: unknown, { record, paths, log }: RunContext, machine?: VirtualMachine): Promise<BerthError> {
  const known = BerthError.from(error);
  // An answer about a process proves that the guest is alive.
  if (known.code !== 'VmFailed' && (known.code !== 'GuestFailed' || known.data?.['subject'] !== undefined)) return known;
  const isLate = known.data?.['limitMilliseconds'] !== undefined;
  const end = machine && !isLate ? await Promise.race([machine.ended, delay(vmEndLimitMilliseconds, undefined, { ref: false })]) : undefined;
  const [qemu, boot] = await Promise.all([lastLines(paths.qemuLog), lastLines(paths.bootLog)]);
  log.error('A virtual machine failed', known, { container: record.id, end: end && describeEnd(end), console: boot, qemu });
  const details = { cause: known, data: { ...known.data, console: boot.join('\n') } };
  const advice = 'Start the container again; the log of the runtime host has the details.';
  if (isLate) {
    const words = lastWords(boot);
    return new BerthError('VmFailed', `${known.message} ${words ? `The last that it printed is “${words}”.` : 'It printed nothing.'} ${advice}`, details);
  }
  if (!end) return known;
  // Without the program's name and the long option that it complains about.
  const words = end.code ? qemu.at(-1)?.replace(/^\S+: (-\w+ .*?: )?/, '') : guestFailure(boot);
  return new BerthError('VmFailed', `The virtual machine of container “${record.name}” ended unexpectedly: ${describeEnd(end)}${words ? ` (${words})` : ''}. ${advice}`, details);
}

/** Why a guest gave up, in the words of its kernel or of vminitd. */
function guestFailure(console: readonly string[]): string | undefined {
  return lastWords(console.filter((line) => /Kernel panic|^vminitd: /.test(line)));
}

/** The last line that says something, without the kernel's time. */
function lastWords(console: readonly string[]): string | undefined {
  return console.findLast((line) => line.trim() !== '')?.replace(/^\[ *[\d.]+\] /, '').trim();
}

/**
 * Does work whose signal fires when it takes too long, with a reason that {@link explain} completes. Nothing of the limit
 * is left once the work is done: the limits are long, and containers may be many and short.
 * @param what the virtual machine did not do in time
 */
export async function withLimit<Result>(milliseconds: number, what: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const message = `The virtual machine did not ${what} within ${milliseconds / 1000} seconds.`;
    limit.abort(new BerthError('VmFailed', message, { data: { limitMilliseconds: milliseconds } }));
  }, milliseconds).unref();
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function lastLines(path: string, count = 40): Promise<string[]> {
  try {
    const file = await open(path);
    try {
      // A guest may have filled its console with anything.
      const from = Math.max(0, (await file.stat()).size - largestTail);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(largestTail), 0, largestTail, from);
      return buffer.toString('utf8', 0, bytesRead).trimEnd().split(/\r?\n/).slice(-count);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
