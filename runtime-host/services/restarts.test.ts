import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../base/log.ts';
import { BerthError } from '../protocol/errors.ts';
import type { ContainerPaths } from '../protocol/paths.ts';
import type { RestartPolicy } from '../protocol/types.ts';
import type { ContainerRecord } from '../store/containerRecord.ts';
import { Container } from './container.ts';
import { Restarts } from './restarts.ts';

/* Restarts that cannot be made; those that can are tested with virtual machines (test/vm/restart.test.ts). */

/** A container that has ended after a minute. */
function ended(restart: RestartPolicy): Container {
  const record = { id: 'a', state: 'stopped', restart, exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:01:00Z' };
  return new Container(record as unknown as ContainerRecord, { outputLog: '/none' } as ContainerPaths);
}

/** Makes as many attempts as there are, up to a limit; answers what each waited and what it was counted as. */
async function attempts(t: TestContext, container: Container, limit: number): Promise<(readonly [number, number])[]> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const made: (readonly [number, number])[] = [];
  let waited = 0;
  const restarts = new Restarts({
    log: createLogger(() => undefined),
    changed: () => undefined,
    start: (_container, count) => {
      made.push([waited, count]);
      return Promise.reject(new BerthError('ImageNotFound', 'Gone.'));
    },
  });
  restarts.consider(container);
  while (container.pendingRestart && made.length < limit) {
    const before = made.length;
    for (waited = 0; made.length === before; waited += 50) {
      t.mock.timers.tick(50);
      await container.queue.run(() => Promise.resolve());
    }
  }
  restarts.dispose([container]);
  return made;
}

test('the wait grows also after a long run, when it cannot be started again', async (t) => {
  const made = await attempts(t, ended({ name: 'always' }), 5);
  assert.deepEqual(made.map(([waited]) => waited + 50), [100, 200, 400, 800, 1600]);
});

test('attempts that fail count against the limit', async (t) => {
  const made = await attempts(t, ended({ name: 'on-failure', maximumRetries: 3 }), 10);
  assert.deepEqual(made.map(([, count]) => count), [1, 2, 3]);
});
