import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerPaths } from '../../protocol/paths.ts';
import type { RestartPolicy } from '../../protocol/types.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import { Restarts } from './restarts.ts';

/* Restarts that cannot be made; those that can are tested with virtual machines (test/vm/restart.test.ts). */

/** A container that has ended after a minute. */
function ended(restart: RestartPolicy): Container {
  const record = { id: 'a', state: 'stopped', restart, exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:01:00Z' };
  return new Container(record as unknown as ContainerRecord, { outputLog: '/none' } as ContainerPaths);
}

interface Attempts {
  /** What each waited and what it was counted as. */
  readonly made: readonly (readonly [number, number])[];
  /** As what the last was counted when no more followed. */
  readonly givenUpAt: number | undefined;
}

/** Makes as many attempts as there are, up to a limit. */
async function attempts(t: TestContext, container: Container, limit: number): Promise<Attempts> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const made: (readonly [number, number])[] = [];
  let waited = 0;
  let givenUpAt: number | undefined;
  const restarts = new Restarts({
    log: createLogger(() => undefined),
    changed: () => undefined,
    giveUp: (_container, _reason, count) => {
      givenUpAt = count;
      return Promise.resolve();
    },
    start: (_container, count) => {
      made.push([waited, count]);
      return Promise.reject(new BerthError('ImageNotFound', 'Gone.'));
    },
  });
  restarts.begin([container]);
  while (container.pendingRestart && made.length < limit) {
    const before = made.length;
    for (waited = 0; made.length === before; waited += 50) {
      t.mock.timers.tick(50);
      await container.queue.run(() => Promise.resolve());
    }
  }
  restarts.dispose([container]);
  return { made, givenUpAt };
}

test('the wait grows also after a long run, when it cannot be started again', async (t) => {
  const { made, givenUpAt } = await attempts(t, ended({ name: 'always' }), 5);
  assert.deepEqual(made.map(([waited]) => waited + 50), [100, 200, 400, 800, 1600]);
  assert.equal(givenUpAt, undefined);
});

test('attempts that fail count against the limit', async (t) => {
  const { made, givenUpAt } = await attempts(t, ended({ name: 'on-failure', maximumRetries: 3 }), 10);
  assert.deepEqual(made.map(([, count]) => count), [1, 2, 3]);
  assert.equal(givenUpAt, 3);
});

test('what cannot be started ten times in a row is given up', async (t) => {
  const { made, givenUpAt } = await attempts(t, ended({ name: 'always' }), 100);
  assert.deepEqual([made.length, givenUpAt], [10, 10]);
});

/** Restarts whose attempts are noted, and last until they are let go. */
function restartsOf(t: TestContext): { readonly restarts: Restarts; readonly started: number[]; readonly fail: (error: Error) => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const started: number[] = [];
  const { promise, reject: fail } = Promise.withResolvers<void>();
  promise.catch(() => undefined);
  const start = (_container: Container, count: number): Promise<void> => {
    started.push(count);
    return promise;
  };
  const giveUp = (): Promise<void> => assert.fail('given up');
  return { restarts: new Restarts({ log: createLogger(() => undefined), changed: () => undefined, giveUp, start }), started, fail };
}

test('a start of the user\'s that fails or is cancelled leaves the pending restart as it was', async (t) => {
  const { restarts, started } = restartsOf(t);
  const container = ended({ name: 'always' });
  restarts.begin([container]);
  assert.ok(container.pendingRestart);
  await assert.rejects(restarts.startedByUser(container, () => Promise.reject(new BerthError('Cancelled', 'No.'))), { code: 'Cancelled' });
  assert.ok(container.pendingRestart, 'the policy still wants it');
  t.mock.timers.tick(60_000);
  await turn();
  assert.deepEqual(started, [1]);
});

test('a start of the user\'s that fails brings nothing back that its policy leaves alone', async (t) => {
  const { restarts } = restartsOf(t);
  for (const changes of [{ stoppedByUser: true }, { state: 'created' }] as const) {
    const container = ended({ name: 'always' });
    container.record = { ...container.record, ...changes };
    container.state = container.record.state;
    restarts.begin([container]);
    await assert.rejects(restarts.startedByUser(container, () => Promise.reject(new Error('no'))));
    assert.equal(container.pendingRestart, undefined);
  }
});

test('one that ends while somebody\'s start has not settled is brought back', async (t) => {
  const { restarts } = restartsOf(t);
  const container = ended({ name: 'always' });
  container.state = 'created';
  restarts.begin([container]);
  await restarts.startedByUser(container, async () => {
    container.state = 'stopped';
    restarts.consider(container);
    assert.equal(container.pendingRestart, undefined);
    await turn();
  });
  assert.ok(container.pendingRestart);
  restarts.cancel(container);
});

test('a host that ends brings nothing back any more, also what is in the queue already', async (t) => {
  const { restarts, started } = restartsOf(t);
  const container = ended({ name: 'always' });
  const before = Promise.withResolvers<void>();
  void container.queue.run(() => before.promise);
  restarts.begin([container]);
  t.mock.timers.tick(100); // From now on it waits for its turn.
  restarts.dispose([container]);
  before.resolve();
  await container.queue.run(() => Promise.resolve());
  assert.deepEqual(started, []);
});

test('what a host does not start because it ends has not failed', async (t) => {
  const { restarts, started, fail } = restartsOf(t);
  const container = ended({ name: 'on-failure', maximumRetries: 1 });
  restarts.begin([container]);
  t.mock.timers.tick(100);
  await turn();
  assert.deepEqual(started, [1]);
  restarts.dispose([container]);
  fail(new BerthError('Cancelled', 'The host ends.'));
  await container.queue.run(() => Promise.resolve()); // It is not given up, either: see restartsOf.
  assert.equal(container.pendingRestart, undefined);
});

test('nothing is brought back before all are adopted', async (t) => {
  const { restarts } = restartsOf(t);
  const container = ended({ name: 'always' });
  restarts.consider(container);
  assert.equal(container.pendingRestart, undefined);
  restarts.begin([container]);
  assert.ok(container.pendingRestart);
  restarts.cancel(container);
});
