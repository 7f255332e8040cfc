import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartDelay, type RunHistory } from './restartPolicy.ts';

const failed: RunHistory = { exitCode: 1, ranMilliseconds: 5, stoppedByUser: false, restartCount: 0, lastDelay: undefined };

test('which policy brings what back', () => {
  const ends = [{ exitCode: 0 }, { exitCode: 3 }, { exitCode: undefined }, { stoppedByUser: true }];
  const answers = (name: 'no' | 'on-failure' | 'always' | 'unless-stopped'): boolean[] => ends.map((end) => restartDelay({ name }, { ...failed, ...end }) !== undefined);
  assert.deepEqual(answers('no'), [false, false, false, false]);
  assert.deepEqual(answers('on-failure'), [false, true, true, false]);
  assert.deepEqual(answers('always'), [true, true, true, false]);
  assert.deepEqual(answers('unless-stopped'), [true, true, true, false]);
  assert.equal(restartDelay(undefined, failed), undefined);
});

test('a limit of retries', () => {
  const policy = { name: 'on-failure', maximumRetries: 2 } as const;
  assert.deepEqual([0, 1, 2].map((restartCount) => restartDelay(policy, { ...failed, restartCount }) !== undefined), [true, true, false]);
});

test('the wait doubles up to a minute, and begins anew after ten seconds of running', () => {
  const waits: number[] = [];
  let lastDelay: number | undefined;
  for (let turn = 0; turn < 12; turn += 1) {
    lastDelay = restartDelay({ name: 'always' }, { ...failed, lastDelay });
    waits.push(lastDelay ?? -1);
  }
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  assert.equal(restartDelay({ name: 'always' }, { ...failed, lastDelay: 60_000, ranMilliseconds: 10_000 }), 100);
});
