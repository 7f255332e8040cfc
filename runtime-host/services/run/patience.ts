import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '../../protocol/errors.ts';

/** A guest whose QEMU is frozen never answers. @throws BerthError GuestFailed when it has not in time */
export async function answered<Answer>(answer: Promise<Answer>, milliseconds: number): Promise<Answer> {
  if (!(await within(answer, milliseconds))) throw new BerthError('GuestFailed', 'The virtual machine does not answer.');
  return answer;
}

/** Whether a promise settles in time. */
export async function within(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const limit = new AbortController();
  try {
    return await Promise.race([promise.then(() => true), delay(milliseconds, false, { signal: limit.signal })]);
  } finally {
    limit.abort();
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
