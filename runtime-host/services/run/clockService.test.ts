import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import { ClockService } from './clockService.ts';
import type { Container } from '../container.ts';
import { ContainerTable } from '../containerTable.ts';

/** Two clocks that a test moves, a container that runs when told to, and the times that its guest was set to. */
function setUp(t: { mock: { timers: { enable(options: { apis: ['setInterval'] }): void; tick(milliseconds: number): void } } }) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const now = { wall: 1_000_000, steady: 0 };
  const table = new ContainerTable();
  const set: number[] = [];
  const run = { over: false, paused: undefined as Error | undefined, guest: { setClock: async (time: number) => { set.push(time); return 0; } } };
  const container = { id: 'one', removed: false, run: undefined as typeof run | undefined, info: () => undefined };
  table.add(container as unknown as Container);
  new ClockService({ table, log: silentLogger, clocks: { wall: () => now.wall, steady: () => now.steady }, intervalMilliseconds: 5000 });
  const isRunning = (running: boolean): void => {
    container.run = running ? run : undefined;
    table.changed(container as unknown as Container);
  };
  /** Time passes; `jump` is how much more of it by the wall clock. */
  const pass = (milliseconds: number, jump = 0): void => {
    for (let left = milliseconds; left > 0; left -= 5000) {
      now.steady += 5000;
      now.wall += 5000;
      t.mock.timers.tick(5000);
    }
    now.wall += jump;
  };
  const isPaused = (paused: boolean): void => {
    run.paused = paused ? new Error('no space') : undefined;
    table.changed(container as unknown as Container);
  };
  return { table, set, now, isRunning, isPaused, pass };
}

test('a clock that is set, forwards or backwards, is passed on once', (t) => {
  const { set, now, isRunning, pass } = setUp(t);
  isRunning(true);
  pass(60_000, 3_600_000);
  assert.deepEqual(set, []);
  pass(5000);
  assert.deepEqual(set, [now.wall]);
  pass(60_000, -3_600_000);
  pass(5000);
  assert.deepEqual(set.slice(1), [now.wall]);
  pass(60_000);
  assert.equal(set.length, 2);
});

test('after a sleep in which both clocks went on, guests’ clocks are set too', (t) => {
  const { set, now, isRunning, pass } = setUp(t);
  isRunning(true);
  pass(60_000);
  now.wall += 3_600_000;
  now.steady += 3_600_000;
  pass(5000);
  assert.deepEqual(set, [now.wall]);
  pass(60_000);
  assert.equal(set.length, 1);
});

test('small corrections of the host’s clock are left to the correction of drift', (t) => {
  const { set, isRunning, pass } = setUp(t);
  isRunning(true);
  pass(300_000, 400);
  assert.deepEqual(set, []);
  pass(300_000);
  assert.equal(set.length, 1);
});

test('nothing is done while no container runs, nor after the end', (t) => {
  const { table, set, isRunning, pass } = setUp(t);
  pass(60_000, 3_600_000);
  pass(60_000);
  isRunning(true);
  pass(60_000);
  assert.deepEqual(set, [], 'the handshake has told the time');
  isRunning(false);
  pass(60_000, 3_600_000);
  pass(60_000);
  isRunning(true);
  table.dispose();
  pass(60_000, 3_600_000);
  pass(60_000);
  assert.deepEqual(set, []);
});

test('a guest whose VM was paused is told the time when it goes on, and not before', (t) => {
  const { set, now, isRunning, isPaused, pass } = setUp(t);
  isRunning(true);
  pass(60_000);
  isPaused(true);
  pass(3_600_000);
  assert.deepEqual(set, [], 'it would hear an old time when it goes on');
  isPaused(false);
  assert.deepEqual(set, [now.wall]);
  pass(60_000);
  assert.equal(set.length, 1);
});
