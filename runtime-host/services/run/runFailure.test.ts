import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withLimit } from './runFailure.ts';

test('a limit ends work that takes too long, and says what was not done', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const late = withLimit(120_000, 'boot', (signal) => new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  }));
  context.mock.timers.tick(120_000);
  await assert.rejects(late, { code: 'VmFailed', message: 'The virtual machine did not boot within 120 seconds.', data: { limitMilliseconds: 120_000 } });
});

test('no timer of a limit is left when the work is done, well or not', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const seen: AbortSignal[] = [];
  assert.equal(await withLimit(120_000, 'boot', (signal) => Promise.resolve(seen.push(signal))), 1);
  await assert.rejects(withLimit(120_000, 'boot', (signal) => {
    seen.push(signal);
    throw new Error('it failed');
  }), /it failed/);
  context.mock.timers.tick(120_000);
  assert.deepEqual(seen.map(({ aborted }) => aborted), [false, false]);
});
