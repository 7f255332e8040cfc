import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskReader } from '../../runtime-host/ext4/diskReader.ts';
import { compareTrees, describeDirectory, describeDisk } from '../support/fileTrees.ts';
import { temporaryDirectory } from '../support/imageStores.ts';
import { ensureStarterImage } from '../support/starterImage.mjs';
import { checkDisk, umociUnpack, unpackToDisk } from '../support/umoci.ts';

/** A real image of many thousand files, as Debian makes them. */
test('the starter image becomes the disk that umoci unpacks', { skip: process.getuid?.() === 0 ? false : 'umoci needs root to make devices and owners' }, async (t) => {
  const { directory, tag, manifestDigest } = await ensureStarterImage();
  const blob = async (digest: string): Promise<unknown> => JSON.parse(await readFile(join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length)), 'utf8'));
  const manifest = (await blob(manifestDigest)) as { config: { digest: string }; layers: { digest: string; size: number }[] };
  const config = (await blob(manifest.config.digest)) as { rootfs: { diff_ids: string[] } };
  const layers = manifest.layers.map((layer, index) => ({ ...layer, diffId: config.rootfs.diff_ids[index]! }));
  const place = await temporaryDirectory(t);
  umociUnpack({ directory, tag }, join(place, 'root'));
  await unpackToDisk({ directory, layers }, join(place, 'disk'));
  checkDisk(join(place, 'disk'));
  const disk = await DiskReader.open(join(place, 'disk'));
  try {
    const found = await describeDisk(disk);
    assert.ok(found.size > 1000);
    assert.deepEqual(compareTrees(found, await describeDirectory(join(place, 'root'))).slice(0, 20), []);
  } finally {
    await disk.close();
    await rm(join(place, 'root'), { recursive: true });
  }
});
