import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { ProgressReport } from '../../runtime-host/base/progress.ts';
import { resolveImage } from '../../runtime-host/oci/resolveImage.ts';
import { assertSoundStore, failsWith, listStore, openImages, temporaryDirectory } from '../support/imageStores.ts';
import type { TestImages } from '../support/imageStores.ts';
import { startRegistry } from '../support/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import { buildBusyboxImage, buildImage, buildImageIndex, testArchitecture } from '../support/testImages.ts';

const run = promisify(execFile);
const platform = { os: 'linux', architecture: testArchitecture };

let registry: TestRegistry;
before(async () => { registry = await startRegistry(); });
after(() => registry.stop());

async function images(t: TestContext): Promise<TestImages & { layout: string }> {
  const directory = await temporaryDirectory(t);
  return { ...(await openImages(join(directory, 'content'))), layout: join(directory, 'layout') };
}

test('an image is pulled, listed, inspected, read by other tools, and removed', async (t) => {
  const { service, store, directory, layout } = await images(t);
  const built = buildBusyboxImage(layout, { env: ['A=b'], user: 'user' });
  const reference = await registry.push(layout, 'berth/busybox:1');
  const events: unknown[] = [];
  service.onDidChange((event) => events.push(event));
  const reports: ProgressReport[] = [];
  const info = await service.pull(reference, { progress: (report) => reports.push(report) });

  const size = [built.manifest, built.config, ...built.layers].reduce((total, part) => total + part.size, 0);
  assert.deepEqual(info, { reference, digest: built.manifest.digest, manifestDigest: built.manifest.digest, platform, size, created: '2024-01-01T00:00:00.000Z' });
  assert.deepEqual(await service.list(), [info]);
  assert.deepEqual(await service.inspect(reference), info);
  assert.deepEqual(events, [{ reference, info }]);
  assert.deepEqual(reports[0], { message: `Looking up ${reference}`, fraction: 0 });
  assert.match(reports.at(-1)?.message ?? '', /^Downloading: 3 of 3 layers, (\d+\.\d) of \1 MB$/);
  assert.equal(reports.at(-1)?.fraction, 1);

  const resolved = await resolveImage(store, reference, platform);
  assert.deepEqual(resolved.layers.map(({ diffId, descriptor: { digest } }) => ({ diffId, digest })), built.layers.map(({ diffId, digest }) => ({ diffId, digest })));
  assert.equal(resolved.configuration.config?.User, 'user');
  await assertSoundStore(directory);
  const { stdout } = await run('umoci', ['stat', '--image', `${directory}:${reference}`, '--json']);
  assert.equal((JSON.parse(stdout) as { history: unknown[] }).history.length, 3);

  await service.remove(reference);
  assert.deepEqual(events.at(-1), { reference });
  assert.deepEqual(await service.list(), []);
  assert.deepEqual((await listStore(directory)).files, ['index.json', 'oci-layout']);
  await assert.rejects(service.remove(reference), failsWith('ImageNotFound', /not on this machine/));
  await assert.rejects(service.inspect(reference), failsWith('ImageNotFound'));
});

test('what is local is not fetched again, and layers are shared between images', async (t) => {
  const { service, directory, layout } = await images(t);
  buildBusyboxImage(layout, { tag: 'a' });
  buildBusyboxImage(layout, { tag: 'b', extraLayers: [[{ path: 'b', content: 'b' }]] });
  const first = await registry.push(layout, 'berth/shared:a', 'a');
  const second = await registry.push(layout, 'berth/shared:b', 'b');
  await service.pull(first);
  const before = new Set((await listStore(directory)).files);
  const reports: ProgressReport[] = [];
  await service.pull(second, { progress: (report) => reports.push(report) });
  assert.match(reports[1]?.message ?? '', /^Downloading: 3 of 4 layers/);
  const added = (await listStore(directory)).files.filter((file) => !before.has(file));
  assert.equal(added.length, 3, 'a layer, a configuration and a manifest');
  await service.remove(first);
  assert.deepEqual((await service.list()).map((info) => info.reference), [second]);
  await assertSoundStore(directory);
});

test('of an index the image for this platform is taken', async (t) => {
  const { service, directory, layout } = await images(t);
  const other = buildImage(layout, { tag: 'other', architecture: 's390x', layers: [[{ path: 'other' }]] });
  const ours = buildImage(layout, { tag: 'ours', compression: 'zstd', layers: [[{ path: 'ours' }]] });
  const index = buildImageIndex(layout, 'all', [{ ...other, platform: { os: 'linux', architecture: 's390x' } }, { ...ours, platform }]);
  const reference = await registry.push(layout, 'berth/multi:1', 'all');
  const info = await service.pull(reference);
  assert.equal(info.digest, index.digest);
  assert.equal(info.manifestDigest, ours.manifest.digest);
  await assertSoundStore(directory);
});

test('an image of another platform only is refused, and nothing of it stays', async (t) => {
  const { service, directory, layout } = await images(t);
  const other = buildImage(layout, { tag: 'other', architecture: 's390x', layers: [[{ path: 'other' }]] });
  buildImageIndex(layout, 'all', [{ ...other, platform: { os: 'linux', architecture: 's390x' } }]);
  const index = await registry.push(layout, 'berth/foreign:index', 'all');
  const plain = await registry.push(layout, 'berth/foreign:plain', 'other');
  const before = await listStore(directory);
  await assert.rejects(service.pull(index), failsWith('PlatformUnavailable', /exists for linux\/s390x/));
  await assert.rejects(service.pull(plain), failsWith('PlatformUnavailable', /exists for linux\/s390x/));
  assert.deepEqual(await listStore(directory), before);
});

test('Docker’s media types are read', async (t) => {
  const { service, directory, layout } = await images(t);
  const built = buildImage(layout, { mediaTypes: 'docker', layers: [[{ path: 'a' }], [{ path: 'b' }]] });
  const info = await service.pull(await registry.push(layout, 'berth/docker:1'));
  assert.equal(info.manifestDigest, built.manifest.digest);
  await assertSoundStore(directory);
});

test('by digest: pulled once, then known without the registry', async (t) => {
  const { service, layout } = await images(t);
  const built = buildImage(layout, { layers: [[{ path: 'a' }]] });
  const own = await startRegistry();
  const tagged = await own.push(layout, 'berth/digest:1');
  const reference = tagged.replace(/:1$/, `@${built.manifest.digest}`);
  try {
    assert.equal((await service.pull(reference)).digest, built.manifest.digest);
    await assert.rejects(service.pull(tagged.replace(/:1$/, `@sha256:${'0'.repeat(64)}`)), failsWith('ImageNotFound', /with the digest/));
  } finally {
    await own.stop();
  }
  assert.equal((await service.pull(reference)).reference, reference);
  await assert.rejects(service.pull(tagged), failsWith('RegistryUnreachable', /Nothing answers at/));
});

test('a tag that moved: the new image replaces the old one, whose content goes', async (t) => {
  const { service, directory, layout } = await images(t);
  buildImage(layout, { tag: 'old', layers: [[{ path: 'old' }]] });
  const fresh = buildImage(layout, { tag: 'new', layers: [[{ path: 'new' }]] });
  const reference = await registry.push(layout, 'berth/moving:1', 'old');
  await service.pull(reference);
  await registry.push(layout, 'berth/moving:1', 'new');
  assert.equal((await service.pull(reference)).digest, fresh.manifest.digest);
  assert.equal((await listStore(directory)).files.length, 2 + 3);
  await assertSoundStore(directory);
});

test('an unknown image, an unknown tag and a malformed name are refused, and nothing changes', async (t) => {
  const { service, directory, layout } = await images(t);
  buildImage(layout, { layers: [[{ path: 'a' }]] });
  await service.pull(await registry.push(layout, 'berth/known:1'));
  const before = await listStore(directory);
  await assert.rejects(service.pull(`${registry.host}/berth/unknown:1`), failsWith('ImageNotFound', /berth\/unknown/));
  await assert.rejects(service.pull(`${registry.host}/berth/known:2`), failsWith('ImageNotFound', /tag “2”/));
  await assert.rejects(service.pull(`${registry.host}/Berth/known:1`), failsWith('InvalidArgument', /capital letters/));
  assert.deepEqual(await listStore(directory), before);
  await assertSoundStore(directory);
});

test('an image in use is removed only by force', async (t) => {
  const directory = await temporaryDirectory(t);
  const { service } = await openImages(join(directory, 'content'), {}, () => true);
  buildImage(join(directory, 'layout'), { layers: [[{ path: 'a' }]] });
  const reference = await registry.push(join(directory, 'layout'), 'berth/used:1');
  await service.pull(reference);
  await assert.rejects(service.remove(reference), failsWith('ImageInUse', /Remove the container first/));
  assert.equal((await service.list()).length, 1);
  await service.remove(reference, { force: true });
  assert.deepEqual(await service.list(), []);
});

test('an image that is removed while it is read keeps its layers until the reader is done', async (t) => {
  const { service, store, directory, layout } = await images(t);
  buildImage(layout, { layers: [[{ path: 'a' }], [{ path: 'b' }]] });
  const reference = await registry.push(layout, 'berth/read:1');
  await service.pull(reference);
  const lease = store.lease();
  const image = await resolveImage(store, reference, platform, lease);
  await service.remove(reference);
  for (const layer of image.layers) assert.ok(await store.hasBlob(layer.descriptor));
  lease.release();
  await store.collectGarbage();
  assert.deepEqual((await listStore(directory)).files, ['index.json', 'oci-layout']);
});
