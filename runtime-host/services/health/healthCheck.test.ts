import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveHealthCheck } from './healthCheck.ts';
import { HealthState } from './healthState.ts';

const defaults = { intervalSeconds: 30, timeoutSeconds: 30, startPeriodSeconds: 0, startIntervalSeconds: 5, retries: 3 };

test('an image\'s check, what changes it, and none', () => {
  assert.equal(resolveHealthCheck(undefined, undefined), undefined);
  assert.equal(resolveHealthCheck(undefined, { Test: ['NONE'] }), undefined);
  assert.equal(resolveHealthCheck(undefined, { Test: [] }), undefined);
  assert.equal(resolveHealthCheck({ retries: 2 }, undefined), undefined, 'times alone check nothing');
  assert.deepEqual(resolveHealthCheck(undefined, { Test: ['CMD', 'check', '-x'], Interval: 0 }), { ...defaults, command: ['check', '-x'] });
  const image = { Test: ['CMD-SHELL', 'exit 1'], Interval: 5e9, Timeout: 15e8, StartPeriod: 6e10, Retries: 7 };
  assert.deepEqual(resolveHealthCheck(undefined, image), { ...defaults, command: ['/bin/sh', '-c', 'exit 1'], intervalSeconds: 5, timeoutSeconds: 1.5, startPeriodSeconds: 60, retries: 7 });
  assert.deepEqual(resolveHealthCheck({ command: 'true', retries: 1 }, image), { command: ['/bin/sh', '-c', 'true'], intervalSeconds: 5, timeoutSeconds: 1.5, startPeriodSeconds: 60, startIntervalSeconds: 5, retries: 1 });
  assert.equal(resolveHealthCheck({ disabled: true }, image), undefined);
  const extreme = resolveHealthCheck(undefined, { Test: ['CMD', 'x'], Interval: 9e15, Timeout: 1 });
  assert.deepEqual([extreme?.intervalSeconds, extreme?.timeoutSeconds], [86_400, 0.001], 'no more than timers can do');
});

const probe = (exitCode: number): { startedAt: string; finishedAt: string; exitCode: number; output: string } => ({ startedAt: '', finishedAt: '', exitCode, output: '' });

test('healthy at the first success, unhealthy after so many failures in a row, and healthy again', () => {
  const state = new HealthState({ ...defaults, command: ['x'] });
  const statuses = [1, 1, 0, 1, 1, 1, 1, 0].map((exitCode) => {
    state.note(probe(exitCode), 60);
    return `${state.health.status} ${state.health.failingStreak}`;
  });
  assert.deepEqual(statuses, ['starting 1', 'starting 2', 'healthy 0', 'healthy 1', 'healthy 2', 'unhealthy 3', 'unhealthy 4', 'healthy 0']);
  assert.equal(state.health.log.length, 5);
});

test('failures of the start period do not count; a success ends it', () => {
  const state = new HealthState({ ...defaults, startPeriodSeconds: 10, retries: 1, command: ['x'] });
  assert.equal(state.waitSeconds(0), 5);
  state.note(probe(1), 3);
  assert.deepEqual([state.health.status, state.health.failingStreak], ['starting', 0]);
  state.note(probe(0), 4);
  assert.equal(state.waitSeconds(4), 30);
  state.note(probe(1), 5);
  assert.equal(state.health.status, 'unhealthy');
  assert.equal(new HealthState({ ...defaults, startPeriodSeconds: 10, command: ['x'] }).waitSeconds(11), 30);
});
