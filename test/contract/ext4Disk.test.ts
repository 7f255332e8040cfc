import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../runtime-host/base/log.ts';
import type { ProgressReport } from '../../runtime-host/base/progress.ts';
import { ContentStore } from '../../runtime-host/oci/contentStore.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { Ext4ImageDiskService } from '../../runtime-host/services/images/imageDiskService.ts';
import { checkDisksBelow } from '../support/checkDisks.ts';
import type { TestImageOptions } from '../support/testImages.ts';
import { buildImage } from '../support/testImages.ts';

const reference = 'localhost:5000/test/image:latest';
const diskSize = 256 * 1024 ** 2;

describe('the service that makes disks of images', () => {
  let home: string;
  let paths: BerthPaths;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'berth-disk-'));
    paths = new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: home });
  });
  afterEach(async () => {
    try {
      await checkDisksBelow(home);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  async function serviceWith(options: TestImageOptions): Promise<Ext4ImageDiskService> {
    buildImage(paths.content, { tag: reference, ...options });
    const store = await ContentStore.open(paths.content);
    return new Ext4ImageDiskService({ paths, store, logger: silentLogger, diskSize });
  }

  it('writes a clean, read-only disk and reports progress', async () => {
    const service = await serviceWith({
      layers: [[{ path: 'etc/' }, { path: 'etc/hostname', content: 'one\n' }], [{ path: 'etc/hostname', content: 'two\n' }]],
      env: ['A=b'],
      command: ['/bin/true'],
      user: 'someone',
    });
    const reports: ProgressReport[] = [];
    const disk = await service.ensure(reference, { progress: (report) => reports.push(report) });
    assert.equal(debugfs(disk.path, 'cat /etc/hostname'), 'two\n');
    assert.equal(disk.size, diskSize);
    assert.equal(statSync(disk.path).mode & 0o777, 0o400);
    assert.deepEqual(disk.config, { env: ['A=b'], entrypoint: [], command: ['/bin/true'], workingDirectory: '/', user: 'someone', stopSignal: undefined, healthCheck: undefined, volumes: [], exposedPorts: [] });
    assert.equal(reports.at(-1)?.fraction, 1);
    assert.deepEqual(readdirSync(paths.disks), [`${disk.key}.ext4`]);
  });

  it('gives the same disk to all who ask, and again without work', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]] });
    const [one, two] = await Promise.all([service.ensure(reference), service.ensure(reference)]);
    const again = await service.ensure(reference);
    assert.deepEqual(one, two);
    assert.deepEqual(one, again);
  });

  it('writes the same bytes for the same image', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }, { path: 'a/b/c', content: 'y' }]] });
    const digests: string[] = [];
    for (let round = 0; round < 2; round++) {
      const { path } = await service.ensure(reference);
      digests.push(createHash('sha256').update(readFileSync(path)).digest('hex'));
      rmSync(path);
    }
    assert.equal(digests[0], digests[1]);
  });

  it('refuses a layer that is not what its image says, and leaves nothing behind', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]] });
    const index = JSON.parse(readFileSync(join(paths.content, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
    const blob = (digest: string): string => join(paths.content, 'blobs', 'sha256', digest.slice('sha256:'.length));
    const manifest = JSON.parse(readFileSync(blob(index.manifests[0]!.digest), 'utf8')) as { layers: { digest: string }[] };
    const other = buildImage(join(home, 'other'), { layers: [[{ path: 'file', content: 'y' }]] });
    writeFileSync(blob(manifest.layers[0]!.digest), readFileSync(join(home, 'other', 'blobs', 'sha256', other.layers[0]!.digest.slice('sha256:'.length))));
    await assert.rejects(service.ensure(reference), { code: 'DigestMismatch' });
    assert.deepEqual(readdirSync(paths.disks), []);
  });

  for (const [what, layer] of [
    ['a layer that is not a tar', Buffer.from('<html>not here</html>'.repeat(100))],
    ['a path that climbs out', [{ path: '../../etc/x', content: 'x' }]],
  ] as const) {
    it(`refuses ${what}, and leaves nothing behind`, async () => {
      const service = await serviceWith({ layers: [layer] });
      await assert.rejects(service.ensure(reference), { code: 'LayerInvalid' });
      assert.deepEqual(readdirSync(paths.disks), []);
    });
  }

  it('takes diff IDs of either algorithm', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]], diffIdAlgorithm: 'sha512' });
    await service.ensure(reference);
  });

  it('stops when it is told to, and leaves nothing behind', async () => {
    const service = await serviceWith({ layers: [[{ path: 'big', content: Buffer.alloc(64 * 1024 * 1024, 'data') }]] });
    const abort = new AbortController();
    const result = service.ensure(reference, { signal: abort.signal, progress: () => abort.abort() });
    await assert.rejects(result, { code: 'Cancelled' });
    assert.deepEqual(readdirSync(paths.disks), []);
    await service.ensure(reference);
  });

  it('goes on for one caller when another one cancels', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]] });
    const abort = new AbortController();
    const cancelled = service.ensure(reference, { signal: abort.signal });
    const other = service.ensure(reference, { progress: () => abort.abort() });
    await assert.rejects(cancelled, { code: 'Cancelled' });
    assert.equal((await other).size, diskSize);
  });

  it('clears away what a killed host has left', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]] });
    await service.prepare();
    writeFileSync(join(paths.disks, 'key.0123.partial'), 'half');
    const next = new Ext4ImageDiskService({ paths, store: await ContentStore.open(paths.content), logger: silentLogger, diskSize });
    await next.prepare();
    assert.deepEqual(readdirSync(paths.disks), []);
  });

  it('prunes disks that neither an image nor a container needs', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]] });
    const disk = await service.ensure(reference);
    writeFileSync(paths.disk('unused'), '');
    writeFileSync(paths.disk('used'), '');
    await service.prune((key) => key === 'used');
    assert.deepEqual(readdirSync(paths.disks).sort(), [`${disk.key}.ext4`, 'used.ext4'].sort());
    rmSync(paths.disk('used')); // No disk at all, only its name.
  });

  it('prunes no disk while somebody is about to use it, also when its image is removed', async () => {
    const service = await serviceWith({ layers: [[{ path: 'file', content: 'x' }]] });
    await service.withDisk(reference, {}, async (disk) => {
      // Another tool's view of the same store: the image goes while its disk is in use.
      writeFileSync(join(paths.content, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [] }));
      await service.prune(() => false);
      assert.deepEqual(readdirSync(paths.disks), [basename(disk.path)]);
    });
    await service.prune(() => false);
    assert.deepEqual(readdirSync(paths.disks), []);
  });
});

function debugfs(disk: string, command: string): string {
  return execFileSync('debugfs', ['-R', command, disk], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
