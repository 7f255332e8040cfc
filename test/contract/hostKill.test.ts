import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSoundStore, listStore, temporaryDirectory } from '../support/imageStores.ts';
import { startFaultyRegistry } from '../support/faultyRegistry.ts';
import { buildImage } from '../support/testImages.ts';
import { cliBerth } from './cliHarness.ts';
import type { CliBerth } from './cliHarness.ts';
import { processEnd } from './rpcHarness.ts';

/*
 * The real host, killed in the middle of its long work; the next command starts another one, which puts things right.
 */

/** Resolves when the directory, which exists, has an entry of this kind. */
async function appeared(directory: string, name: RegExp): Promise<void> {
  const watcher = watch(directory);
  try {
    const found = new Promise<void>((resolve) => watcher.on('change', (_event, entry) => void (name.test(String(entry)) && resolve())));
    if (!(await readdir(directory)).some((entry) => name.test(entry))) await found;
  } finally {
    watcher.close();
  }
}

async function killHost(berth: CliBerth): Promise<void> {
  const { pid } = await (await berth.connect({ start: false })).system.status();
  process.kill(pid, 'SIGKILL');
  await processEnd(pid);
}

test('a host killed while it pulls: the next command works, and nothing half-made is left', async (t) => {
  const berth = await cliBerth(t);
  const directory = await temporaryDirectory(t);
  const { layers } = buildImage(directory, { compression: 'none', layers: [[{ path: 'file', content: randomBytes(1_000_000) }]] });
  const begun = Promise.withResolvers<void>();
  let stalls = true;
  const registry = await startFaultyRegistry(directory, ({ name, content, response, answer }) => {
    if (!stalls || name !== layers[0]?.digest || !content) return answer();
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, content.length / 2));
    begun.resolve();
  });
  t.after(() => registry.stop());
  const reference = `${registry.host}/berth/test:latest`;
  const pull = berth.spawn('image', 'pull', reference);
  await begun.promise;
  await appeared(join(berth.paths.content, 'ingest'), /./);
  await killHost(berth);
  const torn = await pull.result;
  assert.equal(torn.status, 1);
  assert.match(torn.error, /Error: /);

  assert.deepEqual(await berth.run(['image', 'ls', '-q']), { status: 0, out: '', error: '' });
  assert.deepEqual((await listStore(berth.paths.content)).files, ['index.json', 'oci-layout']);
  stalls = false;
  const again = await berth.run(['image', 'pull', reference]);
  assert.equal(again.status, 0, again.error);
  await assertSoundStore(berth.paths.content);
});

test('a host killed while it unpacks: the next command works, nothing half-made is left, and no disk outlives its image', async (t) => {
  const berth = await cliBerth(t, { BERTH_ACCEL: 'tcg' });
  const directory = await temporaryDirectory(t);
  buildImage(directory, { compression: 'none', command: ['true'], layers: [[{ path: 'file', content: randomBytes(100_000_000) }]] });
  const registry = await startFaultyRegistry(directory, ({ answer }) => answer());
  t.after(() => registry.stop());
  const reference = `${registry.host}/berth/test:latest`;
  const pulled = await berth.run(['image', 'pull', reference]);
  assert.equal(pulled.status, 0, pulled.error);
  const run = berth.spawn('run', '-d', reference);
  await appeared(berth.paths.disks, /\.partial$/);
  await killHost(berth);
  assert.equal((await run.result).status, 125);
  assert.equal((await readdir(berth.paths.disks)).length, 1, 'it was in the middle of it');

  assert.deepEqual(await berth.run(['ls', '-aq']), { status: 0, out: '', error: '' });
  assert.deepEqual(await readdir(berth.paths.disks), []);
  assert.deepEqual(await readdir(berth.paths.containers), []);
  const client = await berth.connect({ start: false });
  const { id } = await client.containers.create({ image: reference });
  assert.equal((await readdir(berth.paths.disks)).length, 1);
  await client.images.remove(reference, { force: true });
  assert.equal((await readdir(berth.paths.disks)).length, 1, 'its container still needs it');
  await client.images.pull(reference);
  await client.containers.remove(id);
  assert.equal((await berth.run(['image', 'rm', reference])).status, 0);
  assert.deepEqual(await readdir(berth.paths.disks), []);
});
