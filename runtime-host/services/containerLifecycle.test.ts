import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ContainerPaths } from '../protocol/paths.ts';
import type { ContainerRecord } from '../store/containerRecord.ts';
import { Container } from './container.ts';
import { ContainerLifecycle, type LifecycleDependencies } from './containerLifecycle.ts';

/* What needs no virtual machine; the rest is tested with some (test/vm). */

/** A lifecycle whose store only notes what happens to it. */
function lifecycleOf(calls: string[], saving: Promise<void> = Promise.resolve()): ContainerLifecycle {
  const store = {
    save: async () => {
      calls.push('save');
      await saving;
      calls.push('saved');
    },
    remove: () => {
      calls.push('remove');
      return Promise.resolve();
    },
  };
  const volumes = { keepOwned: () => Promise.resolve(), removeOwned: () => Promise.resolve() };
  return new ContainerLifecycle({ store, volumes, changed: () => undefined } as unknown as LifecycleDependencies);
}

function stopped(): Container {
  const record = { id: 'a', name: 'a', state: 'stopped', restart: { name: 'always' } };
  return new Container(record as unknown as ContainerRecord, { outputLog: '/none' } as ContainerPaths);
}

test('what comes after a container’s removal writes no record of it', async () => {
  const calls: string[] = [];
  const lifecycle = lifecycleOf(calls);
  const container = stopped();
  await lifecycle.remove(container, false);
  await lifecycle.noteStoppedByUser(container, true);
  assert.deepEqual(calls, ['remove']);
});

test('a container is removed when its record is written, not meanwhile', async () => {
  const calls: string[] = [];
  const { promise: saving, resolve: saved } = Promise.withResolvers<void>();
  const lifecycle = lifecycleOf(calls, saving);
  const container = stopped();
  const noted = lifecycle.noteStoppedByUser(container, true);
  const removed = lifecycle.remove(container, false);
  await turn();
  await turn();
  saved();
  await Promise.all([noted, removed]);
  assert.deepEqual(calls, ['save', 'saved', 'remove']);
});
