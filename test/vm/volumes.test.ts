import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import type { ContainerInfo, ContainerSpec } from '../../runtime-host/protocol/types.ts';
import { checkVolume } from '../support/checkDisks.ts';
import { startRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';
import { collect, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

const mebibyte = 1024 ** 2;
let berth: VmHarness;
/** Has files at /data, owned by a user, and says that /data is a volume. */
let imageWithData: string;

before(async () => {
  berth = await startVmHarness({}, { stall: 300 });
  const layout = join(berth.paths.home, '..', 'with-data');
  buildBusyboxImage(layout, {
    volumes: ['/data'],
    extraLayers: [[
      { path: 'data/', mode: 0o2750, uid: 1000, gid: 29 },
      { path: 'data/file', content: 'from the image\n', mode: 0o640, uid: 1000, gid: 29 },
      { path: 'data/sub/', mode: 0o711 },
      { path: 'data/sub/again', type: 'hardlink', target: 'data/file' },
      { path: 'data/link', type: 'symlink', target: 'sub/again' },
      { path: 'data/.hidden', content: '', xattrs: { 'user.note': 'kept' } },
    ]],
  });
  const registry = await startRegistry();
  try {
    imageWithData = await registry.push(layout, 'berth/with-data:1');
    await berth.services.images.pull(imageWithData);
  } finally {
    await registry.stop();
  }
}, { timeout: 120_000 });
after(() => berth.stop());

async function sh(container: ContainerInfo, script: string): Promise<string> {
  const { stdout, stderr } = await berth.exec(container.id, ['sh', '-c', script]);
  return stdout + stderr;
}

/** Opens a disk for writing, as a virtual machine does. */
const writeWithQemu = (path: string): unknown => execFileSync('qemu-io', ['-f', 'raw', '-c', 'flush', path], { stdio: 'pipe', encoding: 'utf8' });
const disk = (name: string): string => berth.paths.volume(name).disk;
const mounted = (volume: string, target: string, readOnly = false): Pick<ContainerSpec, 'volumes'> => ({ volumes: [{ volume, target, readOnly }] });
const stop = (container: ContainerInfo): Promise<unknown> => berth.containers.stop(container.id, { timeoutSeconds: 0 });

test('a new volume gets the image’s files, is one writer’s or several readers’, and outlives containers', async () => {
  await berth.services.volumes.create({ name: 'small', sizeBytes: 256 * mebibyte });
  const writer = await berth.background({
    image: imageWithData,
    name: 'writer',
    volumes: [{ volume: 'inner', target: '/data/sub/inner', readOnly: false }, { volume: 'data', target: '/data', readOnly: false }, { volume: 'small', target: '/small', readOnly: false }],
    mounts: [{ source: join(berth.paths.home, '..', 'with-data'), target: '/small/share', readOnly: true }],
  });
  assert.equal(await sh(writer, 'stat -c "%u:%g %a %h" /data /data/file /data/sub /small'), '1000:29 2750 3\n1000:29 640 2\n0:0 711 3\n0:0 755 3\n');
  assert.equal(await sh(writer, 'cat /data/link; ls -A /data; stat -c %Y /data/file; ls -A /data/sub/inner'), `from the image\n.hidden\nfile\nlink\nsub\n${Date.UTC(2024, 0, 1) / 1000}\n`);
  assert.match(await sh(writer, 'mount | grep " /data"'), /^\/dev\/\S+ on \/data type ext4 \(rw,.*discard.*\n.* on \/data\/sub\/inner type ext4 \(rw/);
  assert.match(await sh(writer, 'cp /bin/busybox /small/first && fallocate -l 1g /small/full; dd if=/dev/zero of=/small/fill bs=1M count=300'), /No space left on device/);
  assert.equal(await sh(writer, 'echo fine > /elsewhere && cat /elsewhere; echo mine > /data/mine; rm /data/file; echo deep > /data/sub/inner/deep; rm /small/fill /small/full; sync'), 'fine\n');

  // The net under our own book-keeping.
  assert.throws(() => writeWithQemu(disk('data')), { stderr: /lock/ });
  const second = await berth.create({ ...mounted('data', '/d'), command: ['true'] });
  await assert.rejects(berth.containers.start(second.id), { code: 'VolumeInUse', message: /“data” is being written by container “writer”.*Stop “writer” first\..*--driver shared/ });
  const reader = await berth.create({ ...mounted('data', '/d', true), command: ['sleep', '1000000'], name: 'reader' });
  await assert.rejects(berth.containers.start(reader.id), { code: 'VolumeInUse' });
  assert.equal((await berth.containers.inspect(reader.id)).state, 'created');
  await stop(writer);
  for (const name of ['data', 'inner', 'small']) execFileSync('e2fsck', ['-fn', disk(name)], { stdio: 'pipe' });
  assert.ok((await stat(disk('small'))).blocks * 512 < 64 * mebibyte, 'what was removed is given back');

  await berth.containers.remove(writer.id);
  const another = await berth.background({ volumes: [{ volume: 'data', target: '/d', readOnly: true }, { volume: 'inner', target: '/d/sub/inner', readOnly: true }], name: 'another', image: imageWithData });
  await berth.containers.start(reader.id);
  for (const container of [another, reader]) assert.equal(await sh(container, 'cat /d/mine; ls /d'), 'mine\nlink\nmine\nsub\n');
  assert.equal(await sh(another, 'cat /d/sub/inner/deep'), 'deep\n');
  assert.match(await sh(reader, 'touch /d/new; mount -o remount,rw /d; touch /d/newer; ls /d/new*'), /Read-only file system[^]*No such file/);
  assert.throws(() => writeWithQemu(disk('data')), { stderr: /lock/ });
  await assert.rejects(berth.containers.start(second.id), { code: 'VolumeInUse', message: /being read by container “another”, “reader”|being read by container “reader”, “another”/ });
  await assert.rejects(berth.services.volumes.remove('data'), { code: 'VolumeInUse', message: /is in use/ });
  const { containers } = await berth.services.volumes.inspect('data');
  assert.deepEqual(containers.map(({ name, readOnly, running }) => [name, readOnly, running]).sort(), [['another', true, true], ['reader', true, true], [second.name, false, false]].sort());
  await stop(reader);
  await stop(another);
  for (const { id } of await berth.containers.list({ all: true })) await berth.containers.remove(id, { volumes: true });
  assert.deepEqual((await berth.services.volumes.list()).map(({ name }) => name), ['data', 'inner', 'small']);
});

test('a machine that is killed leaves a volume that readers and writers can use, with all that was synced', async () => {
  const writer = await berth.background({ ...mounted('torn', '/v'), name: 'torn-writer' });
  await sh(writer, 'echo first > /v/first; sync; (i=0; while :; do i=$((i+1)); echo $i > /v/$i; [ $i = 50 ] && sync; done) & while ! [ -e /v/60 ]; do :; done');
  const { vmPid } = await berth.containers.inspect(writer.id);
  process.kill(vmPid ?? 0, 'SIGKILL');
  await berth.containers.wait(writer.id).catch(() => undefined);
  await checkVolume(disk('torn'));
  const before = await stat(disk('torn'), { bigint: true });
  const { stdout } = await berth.run(['sh', '-c', 'cat /v/first /v/50; echo more > /v/more'], mounted('torn', '/v', true));
  assert.equal(stdout, 'first\n50\n');
  assert.equal((await stat(disk('torn'), { bigint: true })).mtimeNs, before.mtimeNs, 'a reader changes nothing');
  assert.equal((await berth.run(['sh', '-c', 'cat /v/first /v/50; echo last > /v/last'], mounted('torn', '/v'))).stdout, 'first\n50\n');
  execFileSync('e2fsck', ['-fn', disk('torn')], { stdio: 'pipe' });
  assert.equal((await berth.run(['cat', '/v/last'], mounted('torn', '/v', true))).stdout, 'last\n');
  await berth.containers.remove(writer.id);
  await berth.services.volumes.remove('torn');
});

test('an interrupted copy of the image’s files begins anew; a volume with files of its own gets none', async () => {
  await berth.services.volumes.create({ name: 'half', sizeBytes: 256 * mebibyte });
  const debugfs = (request: string): unknown => execFileSync('debugfs', ['-w', '-R', request, disk('half')], { stdio: 'pipe' });
  debugfs('write /etc/hostname file');
  debugfs('mkdir sub');
  debugfs('write /etc/hostname sub/rest');
  debugfs('ea_set / trusted.berth.filling 1');
  const list = ['sh', '-c', 'cat /data/file; ls /data/sub; rm -r /data/* /data/.hidden; echo own > /data/own'];
  assert.equal((await berth.run(list, { image: imageWithData, ...mounted('half', '/data') })).stdout, 'from the image\nagain\n');
  const later = await berth.run(['sh', '-c', 'ls -A /data; rm /data/own'], { image: imageWithData, ...mounted('half', '/data') });
  assert.equal(later.stdout, 'own\n');
  const noCopy = { image: imageWithData, volumes: [{ volume: 'half', target: '/data', readOnly: false, noCopy: true }] };
  assert.equal((await berth.run(['ls', '-A', '/data'], noCopy)).stdout, '');
  execFileSync('e2fsck', ['-fn', disk('half')], { stdio: 'pipe' });
  // Docker gives it to readers, too; here they must not write, so each has it for itself.
  assert.equal((await berth.run(['cat', '/data/file'], { image: imageWithData, ...mounted('read', '/data', true) })).stdout, 'from the image\n');
  assert.equal((await berth.run(['ls', '-A', '/data'], mounted('read', '/data', true))).stdout, '');
  await berth.services.volumes.remove('half');
  await berth.services.volumes.remove('read');
});

test('anonymous volumes of an image are made with the container, and go with it when that is wanted', async () => {
  const names = async (): Promise<string[]> => (await berth.services.volumes.list()).filter(({ anonymous }) => anonymous).map(({ name }) => name);
  const { stdout } = await berth.run(['sh', '-c', 'cat /data/file; mount | grep -c " /data type ext4"'], { image: imageWithData });
  assert.equal(stdout, 'from the image\n1\n');
  assert.deepEqual(await names(), [], 'removed with a container that removes itself');
  const kept = await berth.create({ image: imageWithData, volumes: [{ target: '/more', readOnly: false }] });
  const mine = (await names()).sort();
  assert.deepEqual(kept.volumes?.map(({ target, anonymous }) => [target, anonymous]), [['/more', true], ['/data', true]]);
  assert.deepEqual(kept.volumes?.map(({ name }) => name).sort(), mine);
  await berth.containers.remove(kept.id);
  assert.deepEqual((await names()).sort(), mine);
  const taken = await berth.create({ image: imageWithData, ...mounted(mine[0] ?? '', '/data') });
  const { removed: pruned, reclaimedBytes } = await berth.services.volumes.prune();
  assert.deepEqual(pruned, [mine[1]]);
  assert.ok(reclaimedBytes > 0);
  await berth.containers.remove(taken.id, { volumes: true });
  assert.deepEqual(await names(), [mine[0]], 'it was not made for this container');
  await berth.services.volumes.prune();
  const gone = await berth.create({ image: imageWithData });
  await berth.containers.remove(gone.id, { volumes: true });
  assert.deepEqual(await names(), []);
});

test('files of a container that does not run: its volumes are claimed meanwhile, and nobody waits for what stands still', async () => {
  const one = await berth.create({ ...mounted('lent', '/d'), name: 'one', command: ['sleep', '1000000'] });
  const two = await berth.create({ ...mounted('lent', '/e'), name: 'two', command: ['cat', '/e/note'] });
  const { archives } = berth.services;
  const note = execFileSync('sh', ['-c', 'cd $(mktemp -d); echo noted > note; tar -c note; rm -r "$PWD"']);
  const whole = Readable.from([note]);
  await archives.write(one.id, '/d', { source: 'entries', keepOwner: true }, whole, AbortSignal.timeout(100_000));
  assert.equal((await collect(two.id, await berth.containers.attach(two.id, { start: true }))).stdout, 'noted\n');

  const begun = Promise.withResolvers<void>();
  const stalls = Readable.from((async function* () {
    begun.resolve();
    yield note;
    await new Promise(() => undefined);
  })());
  const copy = archives.write(one.id, '/d', { source: 'entries', keepOwner: true }, stalls, AbortSignal.timeout(100_000));
  copy.catch(() => undefined); // Looked at below.
  await begun.promise;
  await assert.rejects(berth.containers.start(two.id), { code: 'VolumeInUse', message: /“lent” is in use while files are copied into or out of container “one”/ });
  assert.throws(() => writeWithQemu(disk('lent')), { stderr: /lock/ });
  const started = berth.containers.start(one.id);
  await assert.rejects(copy, { code: 'TransferEnded', message: /“one”.*nothing was read or sent/ });
  await started;
  assert.equal(await sh(one, 'cat /d/note'), 'noted\n');
  await stop(one);
  execFileSync('e2fsck', ['-fn', disk('lent')], { stdio: 'pipe' });

  const unread = Promise.withResolvers<void>();
  const read = archives.export(one.id, AbortSignal.timeout(100_000), () => {
    unread.resolve();
    return new Promise(() => undefined);
  });
  read.catch(() => undefined); // Looked at below.
  await unread.promise;
  await berth.containers.remove(one.id, { force: true });
  await assert.rejects(read, { code: 'TransferEnded', message: /it is removed/ });
  assert.deepEqual(await berth.leftovers([one.id]), []);
  await berth.containers.remove(two.id);
  await berth.services.volumes.remove('lent');
});
