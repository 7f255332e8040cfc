import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createLogger } from '../base/log.ts';
import { BerthError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { ContentStore } from './contentStore.ts';
import { digestOf } from './digest.ts';
import { resolveImage } from './resolveImage.ts';
import type { Descriptor } from './types.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar';
const platform = { os: 'linux', architecture: 'amd64' };

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-store-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function describe(content: string, mediaType = layerType): Descriptor {
  return { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) };
}

async function put(store: ContentStore, content: string, mediaType?: string): Promise<Descriptor> {
  const descriptor = describe(content, mediaType);
  await store.ingest(descriptor, [Buffer.from(content)]);
  return descriptor;
}

async function putImage(store: ContentStore, reference: string, ...contents: string[]): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (const content of contents) layers.push(await put(store, content));
  const config = await put(store, JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) } }), 'application/vnd.oci.image.config.v1+json');
  const manifest = await put(store, JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers }), manifestType);
  await store.setReference(reference, manifest);
  return manifest;
}

const blobs = (directory: string): Promise<string[]> => readdir(join(directory, 'blobs', 'sha256'));
const hasCode = (code: ErrorCode) => (error: unknown): boolean => error instanceof BerthError && error.code === code;

test('a new store is an empty OCI layout, and opening it again changes nothing', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await ContentStore.open(directory);
  assert.deepEqual(JSON.parse(await readFile(join(directory, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' });
  assert.deepEqual(await store.references(), []);
  await putImage(store, 'localhost/a:1', 'one');
  const index = await readFile(join(directory, 'index.json'), 'utf8');
  const again = await ContentStore.open(directory);
  assert.equal(await readFile(join(directory, 'index.json'), 'utf8'), index);
  assert.equal((await again.references()).length, 1);
});

test('a blob appears only when its size and digest are right, and nothing stays of another', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await ContentStore.open(directory);
  const descriptor = describe('content');
  const broken = async function* (): AsyncGenerator<Uint8Array> { yield Buffer.from('con'); throw new BerthError('RegistryTimeout', 'Stalled.'); };
  await assert.rejects(store.ingest(descriptor, [Buffer.from('contend')]), hasCode('DigestMismatch'));
  await assert.rejects(store.ingest(descriptor, [Buffer.from('cont')]), hasCode('DigestMismatch'));
  await assert.rejects(store.ingest(descriptor, [Buffer.from('content'), Buffer.from('!')]), hasCode('DigestMismatch'));
  await assert.rejects(store.ingest(descriptor, broken()), hasCode('RegistryTimeout'));
  assert.deepEqual([await blobs(directory), await readdir(join(directory, 'ingest'))], [[], []]);
  await store.ingest(descriptor, [Buffer.from('con'), Buffer.from('tent')]);
  assert.ok(await store.hasBlob(descriptor));
  assert.equal((await store.readBlob(descriptor, 100)).toString(), 'content');
});

test('more than was announced is cut off while it comes', async (t) => {
  const store = await ContentStore.open(await temporaryDirectory(t));
  let sent = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array> { for (;;) { sent += 1; yield Buffer.alloc(1024); } };
  await assert.rejects(store.ingest({ ...describe('x'), size: 4096 }, endless()), hasCode('DigestMismatch'));
  assert.equal(sent, 5);
});

test('a damaged or missing blob is noticed when it is read', async (t) => {
  const store = await ContentStore.open(await temporaryDirectory(t));
  const descriptor = await put(store, 'content');
  await writeFile(store.blobPath(descriptor.digest), 'CONTENT');
  await assert.rejects(store.readBlob(descriptor, 100), hasCode('DigestMismatch'));
  await assert.rejects(store.readBlob(descriptor, 3), hasCode('ManifestInvalid'));
  await assert.rejects(store.readBlob(describe('other'), 100), hasCode('ManifestInvalid'));
});

test('garbage is what no reference reaches: shared layers stay, pinned blobs stay', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await ContentStore.open(directory);
  await putImage(store, 'localhost/a:1', 'shared', 'only a');
  await putImage(store, 'localhost/b:1', 'shared', 'only b');
  assert.equal(await store.collectGarbage(), 0);
  const pinned = await put(store, 'of a pull in flight');
  const lease = store.lease();
  lease.pin(pinned.digest);
  assert.ok(await store.removeReference('localhost/a:1'));
  assert.ok(!(await store.removeReference('localhost/a:1')));
  assert.equal(await store.collectGarbage(), 3);
  assert.ok(await store.hasBlob(pinned));
  lease.release();
  assert.equal(await store.collectGarbage(), 1);
  assert.equal((await resolveImage(store, 'localhost/b:1', platform)).layers.length, 2);
  assert.deepEqual(await readdir(join(directory, 'ingest')), []);
});

test('what a killed host left is gone after the next start', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await ContentStore.open(directory);
  await putImage(store, 'localhost/a:1', 'one');
  const orphan = await put(store, 'arrived before the host died');
  await writeFile(join(directory, 'ingest', 'half'), 'half a blob');
  await writeFile(join(directory, 'index.json.0123456789ab.tmp'), 'half an index');
  const next = await ContentStore.open(directory);
  assert.ok(!(await next.hasBlob(orphan)));
  assert.deepEqual((await readdir(directory)).sort(), ['blobs', 'index.json', 'ingest', 'oci-layout']);
  assert.deepEqual(await readdir(join(directory, 'ingest')), []);
  assert.equal((await resolveImage(next, 'localhost/a:1', platform)).reference, 'localhost/a:1');
});

test('references that change at once all arrive in the index', async (t) => {
  const store = await ContentStore.open(await temporaryDirectory(t));
  const descriptor = await put(store, '{}', manifestType);
  const names = Array.from({ length: 20 }, (_, number) => `localhost/a:${number}`);
  await Promise.all(names.map((name) => store.setReference(name, descriptor)));
  assert.deepEqual((await store.references()).map((entry) => entry.reference).sort(), [...names].sort());
});

test('with a damaged manifest nothing is collected', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await ContentStore.open(directory);
  const manifest = await putImage(store, 'localhost/a:1', 'one');
  const size = (await readFile(store.blobPath(manifest.digest))).length;
  await writeFile(store.blobPath(manifest.digest), ' '.repeat(size));
  const before = await blobs(directory);
  await ContentStore.open(directory);
  assert.deepEqual(await blobs(directory), before);
});

for (const damaged of ['{"manifests": 1}', '{"schemaVersion":2,"manif', '', '[]', '{"manifests":[{"digest":"sha256:1"}]}']) {
  test(`a damaged list of images (${damaged}) is set aside, and nothing is collected until the next start`, async (t) => {
    const directory = await temporaryDirectory(t);
    const index = join(directory, 'index.json');
    await putImage(await ContentStore.open(directory), 'localhost/a:1', 'one');
    const stored = await blobs(directory);
    await writeFile(index, damaged);
    const lines: string[] = [];
    const store = await ContentStore.open(directory, createLogger((line) => lines.push(line)));
    assert.ok(store.referencesAreLost);
    assert.deepEqual(await store.references(), []);
    assert.equal(await readFile(`${index}.damaged`, 'utf8'), damaged);
    assert.ok(lines.some((line) => line.includes(`${index}.damaged`)), lines.join(''));
    await putImage(store, 'localhost/b:1', 'two');
    assert.equal(await store.collectGarbage(), 0);
    const kept = await blobs(directory);
    assert.ok(stored.every((blob) => kept.includes(blob)));
    const next = await ContentStore.open(directory);
    assert.ok(!next.referencesAreLost);
    assert.deepEqual((await next.references()).map(({ reference }) => reference), ['localhost/b:1']);
    assert.equal((await blobs(directory)).length, 3);
  });
}

test('a list of images that is missing when the store is opened is lost, too', async (t) => {
  const directory = await temporaryDirectory(t);
  await putImage(await ContentStore.open(directory), 'localhost/a:1', 'one');
  const stored = await blobs(directory);
  await rm(join(directory, 'index.json'));
  const store = await ContentStore.open(directory);
  assert.ok(store.referencesAreLost);
  assert.deepEqual(await blobs(directory), stored);
  assert.ok(!(await ContentStore.open(await temporaryDirectory(t))).referencesAreLost, 'a new store has lost nothing');
});

test('what else lies between the blobs disturbs nobody', async (t) => {
  const directory = await temporaryDirectory(t);
  const store = await ContentStore.open(directory);
  const orphan = await put(store, 'of nobody');
  await writeFile(join(directory, 'blobs', '.DS_Store'), '');
  await writeFile(join(directory, 'blobs', 'sha256', '.DS_Store'), '');
  assert.equal(await store.collectGarbage(), 1);
  assert.ok(!(await store.hasBlob(orphan)));
});

test('a list of images that is damaged or removed while the store is open', async (t) => {
  for (const harm of [(index: string) => writeFile(index, '?'), (index: string) => rm(index)]) {
    const directory = await temporaryDirectory(t);
    const store = await ContentStore.open(directory);
    await putImage(store, 'localhost/a:1', 'one');
    const stored = await blobs(directory);
    await harm(join(directory, 'index.json'));
    assert.equal(await store.collectGarbage(), 0);
    assert.equal(await store.find('localhost/a:1'), undefined);
    assert.deepEqual(await blobs(directory), stored);
    await putImage(store, 'localhost/a:1', 'one');
    assert.equal((await resolveImage(store, 'localhost/a:1', platform)).layers.length, 1);
  }
});
