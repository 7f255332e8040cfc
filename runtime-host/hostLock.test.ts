import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { identifyProcess } from './base/processIdentity.ts';
import { acquireHostLock } from './hostLock.ts';

async function lockPath(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lock-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'host.lock');
}

test('only one has it, and the next one can have it afterwards', async (t) => {
  const path = await lockPath(t);
  const lock = await acquireHostLock(path);
  assert.ok('release' in lock);
  const refused = await acquireHostLock(path);
  assert.ok('heldBy' in refused);
  assert.equal(refused.heldBy.pid, process.pid);
  await lock.release();
  const next = await acquireHostLock(path);
  assert.ok('release' in next);
  assert.deepEqual(await readdir(join(path, '..')), ['host.lock.2']);
});

test('of many at once one gets it, also when they take it over from a dead process', async (t) => {
  const path = await lockPath(t);
  const contend = async (): Promise<number> => (await Promise.all(Array.from({ length: 30 }, () => acquireHostLock(path)))).filter((result) => 'release' in result).length;
  assert.equal(await contend(), 1);
  // The same process id, but another start: that process is dead.
  await writeFile(`${path}.7`, JSON.stringify({ pid: process.pid, start: 'long ago' }));
  assert.equal(await contend(), 1);
  assert.deepEqual(await readdir(join(path, '..')), ['host.lock.8']);
});

test('whoever takes it clears away what was half-written', async (t) => {
  const path = await lockPath(t);
  await writeFile(`${path}.1.0123456789ab.tmp`, '');
  await writeFile(join(path, '..', 'accelerator.json.0123456789ab.tmp'), '{');
  assert.ok('release' in (await acquireHostLock(path)));
  assert.deepEqual(await readdir(join(path, '..')), ['host.lock.1']);
});

test('a file that was cut short by a power failure stands for nobody', async (t) => {
  const path = await lockPath(t);
  await writeFile(`${path}.1`, '');
  assert.ok('release' in (await acquireHostLock(path)));
});

test('a number that others have passed does not give the lock', async (t) => {
  const path = await lockPath(t);
  const self = await identifyProcess(process.pid);
  await writeFile(`${path}.5`, JSON.stringify(self));
  await writeFile(`${path}.3`, JSON.stringify({ pid: process.pid, start: 'long ago' }));
  assert.ok('heldBy' in (await acquireHostLock(path)));
});
