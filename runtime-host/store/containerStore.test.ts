import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLogger, silentLogger } from '../base/log.ts';
import { BerthError } from '../protocol/errors.ts';
import { BerthPaths } from '../protocol/paths.ts';
import { checkName, findByQuery, friendlyName, newContainerId } from './containerNames.ts';
import { parseRecord, type ContainerRecord } from './containerRecord.ts';
import { ContainerStore } from './containerStore.ts';

async function newPaths(context: TestContext): Promise<BerthPaths> {
  const home = await mkdtemp(join(tmpdir(), 'store-'));
  context.after(() => rm(home, { recursive: true }));
  return new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: join(home, 'run') });
}

function record(id = newContainerId()): ContainerRecord {
  return {
    version: 1,
    id,
    name: 'calm-sloop',
    image: 'localhost:5000/a:1',
    manifestDigest: 'sha256:00',
    diskKey: 'abc-linux-amd64',
    diskSize: 1024,
    state: 'stopped',
    createdAt: '2026-01-01T00:00:00.000Z',
    exitCode: 137,
    error: { code: 'VmFailed', message: 'It broke.' },
    arguments: ['sh'],
    env: ['A=1'],
    workingDirectory: '/',
    user: '',
    terminal: true,
    stdin: false,
    size: { columns: 80, rows: 24 },
    mounts: [{ source: '/a', target: '/b', readOnly: true }],
    memoryBytes: 1,
    cpus: 1,
    labels: { a: 'b' },
    removeOnExit: false,
  };
}

test('what was saved is loaded', async (context) => {
  const store = new ContainerStore(await newPaths(context), silentLogger);
  assert.deepEqual(await store.load(), []);
  const saved = record();
  await store.prepare(saved.id);
  await store.save(saved);
  assert.deepEqual(await store.load(), [saved]);
  await store.remove(saved.id);
  assert.deepEqual(await store.load(), []);
  await store.remove(saved.id);
});

test('what was said about a container’s world is checked like the rest', () => {
  const { id, ...others } = record();
  const parsed = (world: unknown): unknown => parseRecord(JSON.stringify({ id, ...others, world }), id);
  const world = { capAdd: ['ALL'], ulimits: [{ name: 'core', soft: -1, hard: 0 }], tmpfs: [{ target: '/t' }], init: true };
  assert.deepEqual(parsed(world), { id, ...others, world });
  for (const wrong of [[], { capAdd: 'ALL' }, { ulimits: [{ name: 'core', soft: -2, hard: 0 }] }, { tmpfs: [{}] }]) assert.deepEqual(parsed(wrong), { wrong: 'world' });
});

test('interrupted creations and removals are finished, and only those', async (context) => {
  const paths = await newPaths(context);
  const store = new ContainerStore(paths, silentLogger);
  const kept = record();
  await store.prepare(kept.id);
  await store.save(kept);
  for (const file of [paths.container(kept.id).record, paths.container(kept.id).overlay]) await writeFile(`${file}.0123456789ab.tmp`, 'half');
  const half = newContainerId();
  await store.prepare(half);
  await mkdir(join(paths.containers, `${newContainerId()}.removing`));
  await mkdir(join(paths.containers, 'notes of the user'));
  assert.deepEqual((await store.load()).map(({ id }) => id), [kept.id]);
  assert.deepEqual((await readdir(paths.containers)).sort(), [kept.id, 'notes of the user'].sort());
  assert.deepEqual(await readdir(paths.container(kept.id).directory), ['container.json']);
});

test('a damaged record is reported and set aside, with everything beside it', async (context) => {
  const paths = await newPaths(context);
  const lines: string[] = [];
  const store = new ContainerStore(paths, createLogger((line) => lines.push(line)));
  const id = newContainerId();
  await store.prepare(id);
  await writeFile(paths.container(id).record, '{"version": 1, "id": ');
  await writeFile(paths.container(id).overlay, 'precious');
  assert.deepEqual(await store.load(), []);
  assert.match(lines.join(''), /damaged.*not JSON/);
  assert.deepEqual(await readdir(join(paths.containers, `${id}.damaged`)), ['container.json', 'root.qcow2']);
  assert.deepEqual(await store.load(), []);
});

test('each member of a record is checked', () => {
  const good = record();
  assert.deepEqual(parseRecord(JSON.stringify(good), good.id), good);
  const wrong = (change: object): unknown => parseRecord(JSON.stringify({ ...good, ...change }), good.id);
  assert.deepEqual(wrong({ version: 2 }), { wrong: 'version' });
  assert.deepEqual(wrong({ id: newContainerId() }), { wrong: 'id' });
  assert.deepEqual(wrong({ diskKey: '../../etc' }), { wrong: 'diskKey' });
  assert.deepEqual(wrong({ state: 'flying' }), { wrong: 'state' });
  assert.deepEqual(wrong({ mounts: [{ source: 1 }] }), { wrong: 'mounts' });
  assert.deepEqual(wrong({ labels: [] }), { wrong: 'labels' });
  assert.deepEqual(wrong({ env: 'A=1' }), { wrong: 'env' });
  assert.deepEqual(wrong({ memoryBytes: -1 }), { wrong: 'memoryBytes' });
  const healthCheck = { command: ['x'], intervalSeconds: 1, timeoutSeconds: 1, startPeriodSeconds: 0, startIntervalSeconds: 1, retries: 1 };
  assert.ok(!('wrong' in (wrong({ healthCheck, stopTimeoutSeconds: 86_400 }) as object)));
  for (const name of ['intervalSeconds', 'timeoutSeconds', 'startPeriodSeconds', 'startIntervalSeconds']) {
    assert.deepEqual(wrong({ healthCheck: { ...healthCheck, [name]: 3_000_000 } }), { wrong: 'healthCheck' }, 'no timer can wait for it');
  }
  assert.deepEqual(wrong({ stopTimeoutSeconds: 3_000_000 }), { wrong: 'stopTimeoutSeconds' });
  assert.deepEqual(parseRecord('[]', good.id), { wrong: 'not an object' });
});

test('names', () => {
  const taken = { id: newContainerId(), name: 'web' };
  const code = (name: string): string | undefined => {
    try {
      checkName(name, [taken]);
      return undefined;
    } catch (error) {
      return error instanceof BerthError ? error.code : String(error);
    }
  };
  for (const name of ['a', 'Web', '0day', 'a_b.c-d', 'x'.repeat(128)]) assert.equal(code(name), undefined, name);
  for (const name of ['', '-a', '.a', 'a b', 'a/b', 'ü', 'x'.repeat(129), 'f'.repeat(64)]) assert.equal(code(name), 'InvalidArgument', name);
  assert.equal(code('web'), 'ContainerNameInUse');
  const names = new Set<string>();
  for (let count = 0; count < 200; count++) names.add(friendlyName(Array.from(names, (name) => ({ id: '', name }))));
  assert.equal(names.size, 200);
  for (const name of names) checkName(name, []);
});

test('containers are found by id, name and prefix', () => {
  const one = { id: `ab${'0'.repeat(62)}`, name: 'abc' };
  const two = { id: `ac${'0'.repeat(62)}`, name: 'ab' };
  const find = (query: string) => findByQuery(query, [one, two]);
  assert.equal(find(one.id), one);
  assert.equal(find('abc'), one);
  assert.equal(find('ab'), two, 'a name counts more than a prefix');
  assert.equal(find('ac0'), two);
  assert.throws(() => find('a'), { code: 'InvalidArgument' });
  assert.throws(() => find('b'), { code: 'ContainerNotFound' });
  assert.throws(() => find(''), { code: 'ContainerNotFound' });
});
