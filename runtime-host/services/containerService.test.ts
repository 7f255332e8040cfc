import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '../base/log.ts';
import { BerthPaths } from '../protocol/paths.ts';
import type { ContainerRecord } from '../store/containerRecord.ts';
import { Container } from './container.ts';
import type { ContainerRun } from './run/containerRun.ts';
import { createContainerService, type ContainerServiceOptions } from './containerService.ts';
import { ContainerTable } from './containerTable.ts';
import type { ContainerService } from './interfaces.ts';

/* Moments that are hard to meet with virtual machines; the rest is tested with some (test/vm). */

const id = 'a'.repeat(64);

async function serviceOf(t: TestContext): Promise<{ readonly container: Container; readonly service: ContainerService }> {
  const home = await mkdtemp(join(tmpdir(), 'berth-service-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const paths = new BerthPaths({ BERTH_HOME: home, XDG_RUNTIME_DIR: home });
  await mkdir(paths.container(id).directory, { recursive: true });
  const table = new ContainerTable();
  const container = new Container({ id, name: 'a', state: 'running', restart: { name: 'always' } } as unknown as ContainerRecord, paths.container(id));
  table.add(container);
  const volumes = { keepOwned: () => Promise.resolve() };
  const networks = { onDidChange: () => () => undefined, onNotice: () => () => undefined };
  const disks = { prune: () => Promise.resolve() };
  const service = createContainerService({ paths, table, volumes, networks, disks, log: createLogger(() => undefined), version: '0' } as unknown as ContainerServiceOptions);
  return { container, service };
}

test('a container may end while it is noted that somebody wants to stop it', async (t) => {
  const { container, service } = await serviceOf(t);
  const signals: number[] = [];
  container.run = { over: false, paused: undefined, signal: (number: number) => Promise.resolve(signals.push(number)) } as unknown as ContainerRun;
  const sent = service.signal(id, 'TERM');
  container.run = undefined;
  await sent;
  assert.deepEqual(signals, [15]);
});

test('a container that is ending and will start again is not removed without force', async (t) => {
  const { container, service } = await serviceOf(t);
  const { promise: settled, resolve: settle } = Promise.withResolvers<{ exitCode: number }>();
  container.state = 'stopping';
  container.settled = settled.then((end) => {
    container.state = 'stopped';
    container.pendingRestart = setTimeout(() => undefined, 60_000);
    t.after(() => clearTimeout(container.pendingRestart));
    return end;
  });
  const removed = service.remove(id);
  await turn(); // It waits for the end.
  settle({ exitCode: 1 });
  await assert.rejects(removed, { code: 'ContainerRunning' });
  assert.equal(container.removed, false);
});

test('a container is stopped also when that cannot be noted, as on a full disk', async (t) => {
  const { container, service } = await serviceOf(t);
  await rm(container.paths.directory, { recursive: true });
  const signals: number[] = [];
  const exited = Promise.resolve({ exitCode: 0 });
  container.run = { over: false, paused: undefined, expectEnd: () => undefined, exited, signal: (number: number) => Promise.resolve(signals.push(number) > 0) } as unknown as ContainerRun;
  container.settled = exited;
  await service.stop(id);
  assert.deepEqual(signals, [15]);
  assert.equal(container.record.stoppedByUser, true, 'its policy does not bring it back');
});

test('output that cannot be stored does not keep a killed container from ending', async (t) => {
  const { container, service } = await serviceOf(t);
  let isEndExpected = false;
  container.run = { over: false, paused: undefined, expectEnd: () => { isEndExpected = true; }, signal: () => Promise.resolve(true) } as unknown as ContainerRun;
  await service.signal(id, 'KILL');
  assert.ok(isEndExpected);
});

/** A container that has ended, and what a removal of it waits for. */
async function removedSlowly(t: TestContext): Promise<{ readonly service: ContainerService; readonly removing: Promise<void>; readonly goOn: () => void }> {
  const { container, service } = await serviceOf(t);
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  container.state = 'stopped';
  void container.queue.run(() => promise);
  return { service, removing: service.remove(id), goOn };
}

test('what waits for its turn behind a removal is told that the container is gone', async (t) => {
  const { service, removing, goOn } = await removedSlowly(t);
  const late = [service.stop(id), service.start(id), service.restart(id), service.rename(id, 'other')].map((asked) => assert.rejects(asked, { code: 'ContainerNotFound' }));
  goOn();
  await removing;
  await Promise.all(late);
});

test('a stop that comes behind another one of a container that goes when it ends has got what it asked for', async (t) => {
  const { container, service } = await serviceOf(t);
  const { restart: _restart, ...record } = container.record;
  container.record = { ...record, removeOnExit: true };
  container.state = 'stopped';
  container.removed = true;
  await service.stop(id);
});
