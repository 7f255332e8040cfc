import { BerthError } from '../protocol/errors.ts';

/** What a promise settles to, or the signal's reason, if not `Cancelled`, when that comes first; what the promise stands for goes on. */
export function abortable<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason instanceof BerthError ? signal.reason : new BerthError('Cancelled', 'The operation was cancelled.'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
