import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerPaths } from '../../protocol/paths.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import { HealthMonitor } from './healthMonitor.ts';

/* What guests do that cannot be asked for; real checks are tested with virtual machines (test/vm/health.test.ts). */

interface Guest {
  readonly monitor: HealthMonitor;
  readonly run: { paused: BerthError | undefined };
  /** Signals that processes got. */
  readonly signals: number[];
  /** How many processes were asked for. */
  asked: number;
  /** Lets the first process end. */
  readonly end: () => void;
  /** Lets time pass. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** A guest whose processes never end by themselves; nor does it start them, if it is told not to. */
function guestOf(t: TestContext, { starts = true } = {}): Guest {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const healthCheck = { command: ['x'], intervalSeconds: 10, timeoutSeconds: 2, startPeriodSeconds: 0, startIntervalSeconds: 5, retries: 2 };
  const record = { id: 'a', name: 'a', state: 'running', env: [], startedAt: new Date().toISOString(), healthCheck };
  const container = new Container(record as unknown as ContainerRecord, { outputLog: '/none' } as ContainerPaths);
  const processes = {
    startProcess: () => {
      guest.asked++;
      return starts ? Promise.resolve() : new Promise<void>(() => undefined);
    },
    attach: async function* () {
      await ended;
      yield { kind: 'exit', code: 137 };
    },
    signal: (_id: string, signal: number) => Promise.resolve(guest.signals.push(signal)),
    release: () => Promise.resolve(),
  };
  const run = { paused: undefined, exited: new Promise(() => undefined), guest: processes, explained: (answer: Promise<unknown>) => answer };
  const monitor = new HealthMonitor({ container, run: run as unknown as ContainerRun, check: healthCheck, log: createLogger(() => undefined), changed: () => undefined });
  t.after(() => monitor.stop());
  const guest: Guest = {
    monitor, run, signals: [], asked: 0, end,
    pass: async (milliseconds) => {
      t.mock.timers.tick(milliseconds);
      for (let turns = 0; turns < 5; turns++) await turn();
    },
  };
  return guest;
}

test('a check whose process cannot be killed has failed in time, and the next ones too, without another process', async (t) => {
  const guest = guestOf(t);
  await guest.pass(10_000);
  await guest.pass(2000);
  assert.deepEqual(guest.signals, [9]);
  assert.deepEqual(guest.monitor.health.log.map(({ exitCode, output }) => [exitCode, output]), [[-1, 'The health check took longer than 2 s.']]);
  await guest.pass(10_000);
  assert.equal(guest.monitor.health.status, 'unhealthy');
  assert.match(guest.monitor.health.log.at(-1)?.output ?? '', /took too long, and has not ended/);
  assert.equal(guest.asked, 1);
  guest.end();
  await guest.pass(0);
  await guest.pass(10_000);
  assert.equal(guest.asked, 2, 'when it has ended after all, checks go on');
});

test('a check that is not even started in time has failed, too, and the next ones without another process', async (t) => {
  const guest = guestOf(t, { starts: false });
  for (let turns = 0; turns < 2; turns++) {
    await guest.pass(10_000);
    await guest.pass(2000);
  }
  assert.deepEqual([guest.monitor.health.status, guest.asked], ['unhealthy', 1]);
});

test('nothing is checked while the machine is paused, and what met the pause does not count', async (t) => {
  const guest = guestOf(t);
  await guest.pass(10_000);
  guest.run.paused = new BerthError('DiskFull', 'Full.');
  await guest.pass(2000);
  guest.end();
  await guest.pass(0);
  await guest.pass(10_000);
  await guest.pass(10_000);
  assert.deepEqual([guest.asked, guest.monitor.health.failingStreak], [1, 0]);
  guest.run.paused = undefined;
  await guest.pass(10_000);
  assert.equal(guest.asked, 2);
});
