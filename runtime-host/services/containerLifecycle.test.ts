import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { abortable } from '../base/abortable.ts';
import { BerthError } from '../protocol/errors.ts';
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
  const networks = { join: () => Promise.resolve(), leave: () => Promise.resolve(), refresh: () => Promise.resolve() };
  const volumes = { keepOwned: () => Promise.resolve(), removeOwned: () => Promise.resolve() };
  // A start gets no further than to the image's disk, until it is aborted.
  const disks = { ensure: (_image: string, { signal }: { readonly signal: AbortSignal }) => abortable(new Promise<never>(() => undefined), signal) };
  const others = { disks, platform: { basis: () => Promise.resolve() }, mountPolicy: { check: () => Promise.resolve() }, table: { all: () => [] }, paths: { disk: () => '/none' } };
  const connections = { open: () => Promise.resolve({ environment: [], certificates: [] }), ended: () => Promise.resolve() };
  const shares = { prepare: () => Promise.resolve(), ended: () => undefined };
  return new ContainerLifecycle({ store, volumes, networks, connections, shares, ...others, changed: () => undefined, notify: () => undefined } as unknown as LifecycleDependencies);
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

test('the messages of a run use the name that its container has now', async () => {
  const lifecycle = lifecycleOf([]);
  const container = stopped();
  const context = lifecycle.context(container);
  await lifecycle.update(container, { name: 'new' });
  assert.equal(context.record.name, 'new');
});

test('a host that ends puts back what it is starting, and starts nothing more', async (t) => {
  const sockets = await mkdtemp(join(tmpdir(), 'berth-life-'));
  t.after(() => rm(sockets, { recursive: true, force: true }));
  const lifecycle = lifecycleOf([]);
  const record = { id: 'a', name: 'a', state: 'stopped', exitCode: 3, mounts: [] };
  const container = new Container(record as unknown as ContainerRecord, { outputLog: join(sockets, 'log'), sockets, overlay: join(sockets, 'overlay'), bootLog: join(sockets, 'boot'), qemuLog: join(sockets, 'qemu') } as ContainerPaths);
  const started = assert.rejects(lifecycle.start(container), { code: 'Cancelled' });
  while (container.state !== 'starting') await turn();
  await lifecycle.endStarts();
  assert.deepEqual([container.state, container.record.state, container.record.exitCode], ['stopped', 'stopped', 3]);
  await started;
  await assert.rejects(lifecycle.start(container), { code: 'Cancelled' });
});

test('what a policy cannot bring back says so', async () => {
  const lifecycle = lifecycleOf([]);
  const container = stopped();
  await lifecycle.giveUp(container, new BerthError('ImageNotFound', 'Gone.'), 10);
  assert.deepEqual([container.record.error?.code, container.record.restartCount], ['ImageNotFound', 10]);
  assert.match(container.record.error?.message ?? '', /“a” could not be started again.*Gone\./);
});
