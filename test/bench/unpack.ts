import { createReadStream } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { silentLogger } from '../../runtime-host/base/log.ts';
import { ContentStore } from '../../runtime-host/oci/contentStore.ts';
import { hostPlatform } from '../../runtime-host/oci/platform.ts';
import { resolveImage } from '../../runtime-host/oci/resolveImage.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { Ext4ImageDiskService } from '../../runtime-host/services/images/imageDiskService.ts';
import { ensureStarterImage } from '../support/starterImage.mjs';
import type { Figures } from './main.ts';
import { median } from './scratchBerth.ts';

const rounds = 5;
const reference = 'localhost:5000/bench/starter:latest';

/**
 * From the starter image's blobs to its durable ext4 disk, through the service as the host does it, against nothing but
 * inflating the same blobs with Node's gunzip. Medians of alternating rounds.
 */
export default async function unpack(): Promise<Figures> {
  const home = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  try {
    const paths = new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: home });
    const image = await ensureStarterImage();
    await cp(image.directory, paths.content, { recursive: true });
    await renameReference(join(paths.content, 'index.json'));
    const store = await ContentStore.open(paths.content);
    const { layers } = await resolveImage(store, reference, hostPlatform());
    const service = new Ext4ImageDiskService({ paths, store, logger: silentLogger });
    const seconds: number[] = [];
    const floorSeconds: number[] = [];
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      bytes = 0;
      for (const { blobPath } of layers) bytes += await inflate(blobPath);
      floorSeconds.push((performance.now() - started) / 1000);
      const begun = performance.now();
      const { path } = await service.ensure(reference);
      seconds.push((performance.now() - begun) / 1000);
      await rm(path);
    }
    return { ratio: median(seconds) / median(floorSeconds), seconds: median(seconds), floorSeconds: median(floorSeconds), megabytes: bytes / 1e6 };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function renameReference(indexFile: string): Promise<void> {
  const index = JSON.parse(await readFile(indexFile, 'utf8')) as { manifests: { annotations?: Record<string, string> }[] };
  for (const manifest of index.manifests) manifest.annotations = { 'org.opencontainers.image.ref.name': reference };
  await writeFile(indexFile, JSON.stringify(index));
}

async function inflate(path: string): Promise<number> {
  let bytes = 0;
  for await (const piece of createReadStream(path).pipe(createGunzip()) as AsyncIterable<Buffer>) bytes += piece.length;
  return bytes;
}
