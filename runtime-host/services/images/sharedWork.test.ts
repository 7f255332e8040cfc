import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressReport, ReportProgress } from '../../base/progress.ts';
import { SharedWork } from './sharedWork.ts';

interface Started {
  readonly signal: AbortSignal;
  readonly progress: ReportProgress;
  readonly finish: (result: string) => void;
  readonly fail: (error: Error) => void;
}

/** Shared work whose runs the test ends itself. */
function setUp(): { work: SharedWork<string>; started: Started[]; start: (signal: AbortSignal, progress: ReportProgress) => Promise<string> } {
  const started: Started[] = [];
  const start = (signal: AbortSignal, progress: ReportProgress): Promise<string> =>
    new Promise((resolve, reject) => { started.push({ signal, progress, finish: resolve, fail: reject }); });
  return { work: new SharedWork<string>(), started, start };
}

test('all who ask at the same time share one run, and its progress', async () => {
  const { work, started, start } = setUp();
  const seen: ProgressReport[][] = [[], []];
  const one = work.run('key', { progress: (report) => seen[0]!.push(report) }, start);
  await Promise.resolve();
  started[0]!.progress({ message: 'first' });
  const two = work.run('key', { progress: (report) => seen[1]!.push(report) }, start);
  started[0]!.progress({ message: 'second' });
  started[0]!.finish('result');
  assert.deepEqual(await Promise.all([one, two]), ['result', 'result']);
  assert.deepEqual(seen, [[{ message: 'first' }, { message: 'second' }], [{ message: 'first' }, { message: 'second' }]]);
  assert.equal(started.length, 1);
  assert.equal(work.has('key'), false);
});

test('other keys, and later calls, run by themselves', async () => {
  const { work, started, start } = setUp();
  const results = [work.run('a', {}, start), work.run('b', {}, start)];
  await Promise.resolve();
  started.forEach((run, index) => run.finish(String(index)));
  assert.deepEqual(await Promise.all(results), ['0', '1']);
  const later = work.run('a', {}, start);
  await Promise.resolve();
  started[2]!.finish('later');
  assert.equal(await later, 'later');
});

test('a failure reaches all, and is not remembered', async () => {
  const { work, started, start } = setUp();
  const results = [work.run('key', {}, start), work.run('key', {}, start)];
  await Promise.resolve();
  started[0]!.fail(new Error('broken'));
  for (const result of results) await assert.rejects(result, /broken/);
  const again = work.run('key', {}, start);
  await Promise.resolve();
  started[1]!.finish('fine');
  assert.equal(await again, 'fine');
});

test('who cancels leaves at once, while others wait; the last one stops the run and hears of its end', async () => {
  const { work, started, start } = setUp();
  const [first, last] = [new AbortController(), new AbortController()];
  const one = work.run('key', { signal: first.signal }, start);
  const two = work.run('key', { signal: last.signal }, start);
  await Promise.resolve();
  first.abort();
  await assert.rejects(one, { code: 'Cancelled' });
  assert.equal(started[0]!.signal.aborted, false);
  last.abort();
  assert.equal(started[0]!.signal.aborted, true);
  const next = work.run('key', {}, start);
  started[0]!.fail(new Error('stopped and cleared up'));
  await assert.rejects(two, /cleared up/);
  assert.equal(started.length, 2);
  started[1]!.finish('anew');
  assert.equal(await next, 'anew');
});

test('who has cancelled before starts nothing', async () => {
  const { work, started, start } = setUp();
  await assert.rejects(work.run('key', { signal: AbortSignal.abort() }, start), { code: 'Cancelled' });
  assert.equal(started.length, 0);
});
