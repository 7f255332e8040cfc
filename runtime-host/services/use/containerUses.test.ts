import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import type { ContainerPaths } from '../../protocol/paths.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import { ContainerTable } from '../containerTable.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import { ContainerUses, graceFrom } from './containerUses.ts';

const id = 'a'.repeat(64);
const run = {} as ContainerRun;

interface World {
  readonly uses: ContainerUses;
  readonly table: ContainerTable;
  readonly container: Container;
  /** Ids, in the order in which they were stopped. */
  readonly stopped: string[];
  /** For each of those, whether it is not to be stopped any more. */
  readonly unless: (() => boolean)[];
}

function world(record: Partial<ContainerRecord> = {}): World {
  const table = new ContainerTable();
  const container = new Container({ id, name: 'a', state: 'running', ...record } as unknown as ContainerRecord, { outputLog: '/none' } as ContainerPaths);
  table.add(container);
  const stopped: string[] = [];
  const unless: (() => boolean)[] = [];
  const uses = new ContainerUses({
    table, log: silentLogger, grace: graceFrom({}),
    remember: async (one, whenUnused) => { one.record = { ...one.record, whenUnused }; },
    stop: async (one, isUsed) => {
      stopped.push(one);
      unless.push(isUsed);
    },
  });
  return { uses, table, container, stopped, unless };
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

test('a container stops thirty seconds after its last user has gone', async () => {
  const { uses, container, stopped } = world();
  const [one, other] = [{}, {}];
  assert.equal((await uses.use('a', one, 'stop')).whenUnused, 'stop');
  await uses.use('a', other, 'stop');
  uses.gone(one);
  mock.timers.tick(60_000);
  assert.deepEqual(stopped, []);
  uses.gone(other);
  mock.timers.tick(29_999);
  assert.deepEqual([stopped, container.record.whenUnused], [[], 'stop']);
  mock.timers.tick(1);
  assert.deepEqual(stopped, [id]);
});

test('a window that reloads keeps it running', async () => {
  const { uses, stopped } = world();
  const before = {};
  await uses.use('a', before, 'stop');
  uses.gone(before);
  mock.timers.tick(29_000);
  await uses.use('a', {}, 'stop');
  mock.timers.tick(60_000);
  assert.deepEqual(stopped, []);
});

test('one that is used again before it is its turn to be stopped is not', async () => {
  const { uses, unless } = world();
  const [before, after] = [{}, {}];
  await uses.use('a', before, 'stop');
  uses.gone(before);
  mock.timers.tick(30_000);
  assert.deepEqual(unless.map((isUsed) => isUsed()), [false]);
  await uses.use('a', after, 'stop');
  assert.deepEqual(unless.map((isUsed) => isUsed()), [true]);
});

test('it is as the last one has said, and releasing is like going', async () => {
  const { uses, stopped } = world();
  const [one, other] = [{}, {}];
  await uses.use('a', one, 'stop');
  await uses.use('a', other, 'nothing');
  uses.release('a', other);
  uses.release('a', one);
  mock.timers.tick(60_000);
  assert.deepEqual(stopped, []);
  await uses.use('a', one, 'stop');
  uses.release('a', one);
  uses.release('a', one);
  mock.timers.tick(30_000);
  assert.deepEqual(stopped, [id]);
});

test('another host stops it when nobody comes back for two minutes', async () => {
  const found = world({ whenUnused: 'stop' });
  found.table.began(found.container, run);
  mock.timers.tick(119_999);
  assert.deepEqual(found.stopped, []);
  mock.timers.tick(1);
  assert.deepEqual(found.stopped, [id]);

  const backAgain = world({ whenUnused: 'stop' });
  backAgain.table.began(backAgain.container, run);
  await backAgain.uses.use('a', {}, 'stop');
  mock.timers.tick(600_000);
  assert.deepEqual(backAgain.stopped, []);
});

test('one that is used while it is started again keeps its users’ wish', async () => {
  const { uses, table, container, stopped } = world();
  const user = {};
  await uses.use('a', user, 'stop');
  container.record = { id, name: 'a', state: 'running' } as unknown as ContainerRecord; // As a start writes it.
  table.began(container, run);
  await Promise.resolve();
  assert.equal(container.record.whenUnused, 'stop');
  uses.gone(user);
  mock.timers.tick(30_000);
  assert.deepEqual(stopped, [id]);
});

test('one that has stopped by itself, or was removed, is left alone', async () => {
  for (const end of [{ state: 'stopped' as const }, { removed: true }]) {
    const { uses, table, container, stopped } = world();
    const user = {};
    await uses.use('a', user, 'stop');
    uses.gone(user);
    Object.assign(container, end);
    table.changed(container);
    mock.timers.tick(60_000);
    assert.deepEqual(stopped, []);
  }
});

test('a host that ends stops nothing', async () => {
  const { uses, table, stopped } = world();
  const user = {};
  await uses.use('a', user, 'stop');
  uses.gone(user);
  table.dispose();
  mock.timers.tick(60_000);
  assert.deepEqual(stopped, []);
});

test('the time may be given', () => {
  assert.deepEqual([{}, { BERTH_UNUSED_SECONDS: '0.5' }, { BERTH_UNUSED_SECONDS: 'soon' }, { BERTH_UNUSED_SECONDS: '-1' }].map((environment) => graceFrom(environment).users), [30_000, 500, 30_000, 30_000]);
});
