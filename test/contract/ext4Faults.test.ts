import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { silentLogger } from '../../runtime-host/base/log.ts';
import { ContentStore } from '../../runtime-host/oci/contentStore.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { Ext4ImageDiskService } from '../../runtime-host/services/images/imageDiskService.ts';
import { failsWith, temporaryDirectory } from '../support/imageStores.ts';
import type { TarEntry } from '../support/testImages.ts';
import { buildImage, digestOf } from '../support/testImages.ts';
import { writeTar } from '../support/tarWriter.ts';
import { checkDisk } from '../support/umoci.ts';

const run = promisify(execFile);
const unpackOnce = fileURLToPath(new URL('../support/unpackOnce.ts', import.meta.url));
const reference = 'localhost:5000/berth/faulty:1';

/** Makes a disk in a file system of 3 MB, in a mount namespace of its own, and then lists what is in it. */
const confined = 'mount -t tmpfs -o size=3m none "$1" && "$2" "$3" "$1" "$4" "$5" && cd "$1" && find . -type f | sort';

test('disk full while unpacking: said so, and the space is free again', async (t) => {
  const directory = await temporaryDirectory(t);
  const layers = Array.from({ length: 4 }, (_, index) => [{ path: `noise${index}`, content: randomBytes(1_500_000) }]);
  buildImage(join(directory, 'content'), { tag: reference, layers });
  const home = join(directory, 'home');
  await mkdir(home);
  const { stdout } = await run('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', confined, 'sh', home, process.execPath, unpackOnce, join(directory, 'content'), reference]);
  assert.deepEqual(stdout.trim().split('\n'), ['unpacking', 'DiskFull']);
});

test('host killed while unpacking: the next one clears up and writes the disk', async (t) => {
  const directory = await temporaryDirectory(t);
  const content = join(directory, 'content');
  buildImage(content, { tag: reference, compression: 'none', layers: [[{ path: 'large', content: Buffer.alloc(200_000_000, 'x') }]] });
  const child = spawn(process.execPath, [unpackOnce, directory, content, reference], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const paths = new BerthPaths({ BERTH_HOME: directory, BERTH_RUNTIME_DIR: directory });
  const [left = '', ...others] = await readdir(paths.disks);
  assert.match(left, /\.partial$/);
  assert.deepEqual(others, []);
  const service = new Ext4ImageDiskService({ paths, store: await ContentStore.open(content), logger: silentLogger });
  const disk = await service.ensure(reference);
  checkDisk(disk.path);
  assert.deepEqual(await readdir(paths.disks), [`${disk.key}.ext4`]);
});

for (const [what, damage] of Object.entries<(path: string) => Promise<void>>({
  'cut short': (path) => truncate(path, 10_000_000),
  empty: (path) => truncate(path, 0),
  'longer than it was': (path) => truncate(path, 2 ** 30),
  'without its super block': async (path) => {
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(1024), 0, 1024, 1024);
    await file.close();
  },
})) {
  test(`a disk that is ${what} is written anew, and whoever has it open keeps what they have`, async (t) => {
    const { service } = await serviceFor(await temporaryDirectory(t), gzipSync(tar));
    const { path, size } = await service.ensure(reference);
    const before = await fileDigest(path);
    const { ino } = await stat(path);
    await service.ensure(reference);
    assert.equal((await stat(path)).ino, ino);
    await chmod(path, 0o600);
    await damage(path);
    const user = await open(path, 'r');
    t.after(() => user.close());
    const damaged = (await user.stat()).size;
    assert.deepEqual(await Promise.all([service.ensure(reference), service.ensure(reference)]).then((disks) => disks.map((disk) => disk.size)), [size, size]);
    assert.equal(await fileDigest(path), before);
    assert.equal((await user.stat()).size, damaged);
  });
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

const entries: TarEntry[] = [{ path: 'a', content: 'some content' }, { path: 'b/' }];
const tar = writeTar(entries);
const badLayers: Readonly<Record<string, { readonly blob: Buffer; readonly diffId?: string; readonly message: RegExp }>> = {
  'gzip that is cut short': { blob: gzipSync(tar).subarray(0, -6), message: /ends too early/ },
  'gzip with a wrong checksum': { blob: flipped(gzipSync(tar), -6), message: /damaged/ },
  'gzip with something after it': { blob: Buffer.concat([gzipSync(tar), Buffer.from('garbage')]), message: /damaged|follows/ },
  'zstd that is cut short': { blob: zstdCompressSync(tar).subarray(0, -6), message: /ends too early/ },
  'zstd with something after it': { blob: Buffer.concat([zstdCompressSync(tar), Buffer.from('garbage')]), message: /damaged|follows/ },
  'a tar that is cut short': { blob: tar.subarray(0, 600), message: /in the middle of an entry/ },
  'a tar with something after it': { blob: Buffer.concat([tar, Buffer.alloc(512, 'x')]), message: /follows after its end/ },
  'a web page': { blob: Buffer.from('<html>'.repeat(1000)), message: /not a tar archive/ },
};

for (const [what, { blob, message }] of Object.entries(badLayers)) {
  test(`${what} is refused, and nothing is left behind`, async (t) => {
    const { service, paths } = await serviceFor(await temporaryDirectory(t), blob);
    await assert.rejects(service.ensure(reference), failsWith('LayerInvalid', message));
    assert.deepEqual(await readdir(paths.disks), []);
  });
}

for (const [what, blob] of [
  ['gzip in several members', Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))])],
  ['gzip padded with zeros', Buffer.concat([gzipSync(tar), Buffer.alloc(512)])],
  ['zstd in several frames', Buffer.concat([zstdCompressSync(tar.subarray(0, 700)), skippableFrame(), zstdCompressSync(tar.subarray(700))])],
  ['an uncompressed tar', tar],
] as const) {
  test(`${what} is taken`, async (t) => {
    const { service } = await serviceFor(await temporaryDirectory(t), blob);
    checkDisk((await service.ensure(reference)).path);
  });
}

/** A service whose only image has one layer with this blob, which the image takes for the tar above. */
async function serviceFor(directory: string, blob: Buffer): Promise<{ service: Ext4ImageDiskService; paths: BerthPaths }> {
  const paths = new BerthPaths({ BERTH_HOME: directory, BERTH_RUNTIME_DIR: directory });
  const image = buildImage(paths.content, { tag: reference, layers: [entries] });
  const file = (digest: string): string => join(paths.content, 'blobs', 'sha256', digest.slice('sha256:'.length));
  const manifest = JSON.parse(await readFile(file(image.manifest.digest), 'utf8')) as { layers: { digest: string; size: number }[] };
  manifest.layers[0] = { ...manifest.layers[0]!, digest: digestOf(blob), size: blob.length };
  const text = JSON.stringify(manifest);
  await writeFile(file(digestOf(blob)), blob);
  await writeFile(file(digestOf(text)), text);
  const index = await readFile(join(paths.content, 'index.json'), 'utf8');
  const changed = JSON.parse(index.replaceAll(image.manifest.digest, digestOf(text))) as { manifests: { size: number }[] };
  changed.manifests[0]!.size = Buffer.byteLength(text);
  await writeFile(join(paths.content, 'index.json'), JSON.stringify(changed));
  const store = await ContentStore.open(paths.content);
  return { service: new Ext4ImageDiskService({ paths, store, logger: silentLogger, diskSize: 256 * 1024 ** 2 }), paths };
}

function flipped(bytes: Buffer, position: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length + position] = copy[copy.length + position]! ^ 0xff;
  return copy;
}

/** A frame that zstd decoders pass over, such as tables of contents are kept in. */
function skippableFrame(): Buffer {
  const frame = Buffer.alloc(8 + 5, 'skip!');
  frame.writeUInt32LE(0x184d2a50, 0);
  frame.writeUInt32LE(5, 4);
  return frame;
}
