import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../runtime-host/base/log.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { Ext4ImageDiskService } from '../../runtime-host/services/images/imageDiskService.ts';
import { assertSoundStore, failsWith, openImages, temporaryDirectory } from '../support/imageStores.ts';
import type { TestImages } from '../support/imageStores.ts';
import { startRegistry } from '../support/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import { buildImage } from '../support/testImages.ts';
import type { Compression, TestImage } from '../support/testImages.ts';
import { checkDisk } from '../support/umoci.ts';

/*
 * A content store whose blobs were damaged after they had been verified: by a failing disk, a restored backup, a hand.
 * Whatever it is, one more pull of the same reference mends it.
 */

let registry: TestRegistry;
before(async () => { registry = await startRegistry(); });
after(() => registry.stop());

interface Pulled extends TestImages {
  readonly disks: Ext4ImageDiskService;
  readonly image: TestImage;
  readonly reference: string;
}

/** An image of two layers that is local, with no disk yet. */
async function pulled(t: TestContext, compression: Compression): Promise<Pulled> {
  const directory = await temporaryDirectory(t);
  const paths = new BerthPaths({ BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run') });
  const layout = join(directory, 'layout');
  const image = buildImage(layout, { tag: '1', compression, layers: [[{ path: 'a', content: randomBytes(50_000) }], [{ path: 'b', content: randomBytes(50_000) }]] });
  const reference = await registry.push(layout, `berth/${compression}:1`);
  const images = await openImages(paths.content);
  await images.service.pull(reference);
  return { ...images, disks: new Ext4ImageDiskService({ paths, store: images.store, logger: silentLogger, diskSize: 256 * 1024 ** 2 }), image, reference };
}

/** Turns over one byte in the middle. */
async function spoil(path: string): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, 'r+');
  try {
    const place = Math.floor((await file.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, place);
    await file.write(Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, place);
  } finally {
    await file.close();
  }
}

async function assertMended({ service, disks, directory, reference }: Pulled): Promise<void> {
  await service.pull(reference);
  assert.deepEqual((await service.list()).map((info) => info.reference), [reference]);
  checkDisk((await disks.ensure(reference)).path);
  await assertSoundStore(directory);
}

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`layers with wrong bytes (${compression}): noticed when unpacked, and mended by a pull`, async (t) => {
    const berth = await pulled(t, compression);
    const { disks, store, image, reference } = berth;
    for (const layer of image.layers) await spoil(store.blobPath(layer.digest));
    await assert.rejects(disks.ensure(reference), failsWith('DigestMismatch', /^A layer of the image localhost\S+ is damaged in the local store .*\. Pull the image again\.$/));
    for (const layer of image.layers) assert.ok(!(await store.hasBlob(layer)));
    await assert.rejects(disks.ensure(reference), failsWith('DigestMismatch', /is missing from the local store.* Pull the image again\.$/));
    await assertMended(berth);
  });
}

test('a layer that is cut short: noticed before it is unpacked, and mended by a pull', async (t) => {
  const berth = await pulled(t, 'gzip');
  const path = berth.store.blobPath(berth.image.layers[1]!.digest);
  await truncate(path, 1000);
  await assert.rejects(berth.disks.ensure(berth.reference), failsWith('DigestMismatch', /or not whole there .* Pull the image again\.$/));
  await assertMended(berth);
});

for (const [part, damage] of [['manifest', spoil], ['config', spoil], ['manifest', (path: string) => truncate(path, 10)], ['config', (path: string) => truncate(path, 0)]] as const) {
  test(`a ${part} that is ${damage === spoil ? 'changed' : 'cut short'} is mended by a pull`, async (t) => {
    const berth = await pulled(t, 'gzip');
    await damage(berth.store.blobPath(berth.image[part].digest));
    await assert.rejects(berth.disks.ensure(berth.reference), failsWith('DigestMismatch', /Pull the image again\.$/));
    await assertMended(berth);
  });
}

test('a damaged image does not keep another one from being removed', async (t) => {
  const berth = await pulled(t, 'gzip');
  const other = await pulled(t, 'zstd');
  await berth.service.pull(other.reference);
  await spoil(berth.store.blobPath(berth.image.manifest.digest));
  await berth.service.remove(other.reference);
  assert.deepEqual((await berth.store.references()).map(({ reference }) => reference), [berth.reference]);
  await berth.service.remove(berth.reference);
  assert.equal(await berth.store.collectGarbage(), 0);
  await assertSoundStore(berth.directory);
});

test('a layer that is sound stays', async (t) => {
  const { store, image } = await pulled(t, 'gzip');
  for (const layer of image.layers) assert.equal(await store.discardDamaged(layer.digest), false);
  for (const layer of image.layers) assert.ok(await store.hasBlob(layer));
});
