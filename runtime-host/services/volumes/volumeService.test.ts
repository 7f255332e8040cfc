import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerState } from '../../protocol/types.ts';
import type { ContainerVolume } from '../../protocol/volumes.ts';
import { newContainerId } from '../../store/containerNames.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import { ContainerTable } from '../containerTable.ts';
import { HostVolumeService } from './volumeService.ts';
import { attachVolumes, claimVolumes } from './volumeUse.ts';
import { wantedVolumes } from '../specification/volumeMounts.ts';

const size = 256 * 1024 ** 2;

class Scratch {
  readonly table = new ContainerTable();
  readonly lines: string[] = [];
  readonly paths: BerthPaths;

  constructor(home: string) {
    this.paths = new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: join(home, 'run') });
  }

  /** As a host that has just started. */
  async service(unreadable: readonly string[] = []): Promise<HostVolumeService> {
    const service = new HostVolumeService({ paths: this.paths, table: this.table, log: createLogger((line) => this.lines.push(line)) });
    await service.load(new Set(unreadable));
    return service;
  }

  container(name: string, volumes: readonly ContainerVolume[], state: ContainerState = 'created', id = newContainerId()): Container {
    const container = new Container({ id, name, volumes, state: 'created' } as unknown as ContainerRecord, this.paths.container(id));
    container.state = state;
    this.table.add(container);
    return container;
  }
}

async function scratch(context: TestContext): Promise<Scratch> {
  const home = await mkdtemp(join(tmpdir(), 'volumes-'));
  context.after(() => rm(home, { recursive: true }));
  return new Scratch(home);
}

const use = (name: string, readOnly = false): ContainerVolume => ({ name, target: '/v', readOnly });

test('volumes are made, found again, and removed when nobody refers to them', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  const events: string[] = [];
  service.onDidChange(({ name, info }) => events.push(`${name} ${info ? 'is' : 'was'}`));
  const made = await service.create({ name: 'data', sizeBytes: size, labels: { a: 'b' } });
  assert.deepEqual([made.driver, made.sizeBytes, made.anonymous, made.labels], ['ext4', size, false, { a: 'b' }]);
  assert.ok(made.allocatedBytes > 0 && made.allocatedBytes < 1024 ** 2, String(made.allocatedBytes));
  assert.deepEqual(await service.create({ name: 'data' }), made);
  await assert.rejects(service.create({ name: 'data', driver: 'shared' }), { code: 'VolumeNameInUse' });
  await assert.rejects(service.create({ name: 'data', sizeBytes: 2 * size }), { code: 'VolumeNameInUse' });
  await assert.rejects(service.create({ name: 'both', driver: 'shared', sizeBytes: size }), { code: 'InvalidArgument' });
  await assert.rejects(service.create({ name: 'small', sizeBytes: 4096 }), { code: 'InvalidArgument', message: /256 MiB/ });
  for (const name of ['', 'a', '../x', '.x', 'a~b', 'x'.repeat(129)]) await assert.rejects(service.create({ name }), { code: 'InvalidArgument' }, name);
  assert.deepEqual(await readdir(home.paths.volumes), ['data'], 'what failed left nothing behind');
  const next = await home.service();
  assert.deepEqual(await next.list(), [made]);
  home.container('web', [use('data')]);
  await assert.rejects(next.remove('data', { force: true }), { code: 'VolumeInUse', message: /container “web” refers to it/ });
  assert.deepEqual(await next.prune({ all: true }), { removed: [], reclaimedBytes: 0 });
  await assert.rejects(next.remove('other'), { code: 'VolumeNotFound' });
  await next.remove('other', { force: true });
  for (const { id } of home.table.all()) { const gone = home.table.find(id); gone.removed = true; home.table.changed(gone); }
  await service.remove('data');
  assert.deepEqual(events, ['data is', 'data was']);
  assert.deepEqual(await readdir(home.paths.volumes), []);
});

test('interrupted creations and removals are finished, and a damaged record is set aside with its disk', async (context) => {
  const home = await scratch(context);
  await (await home.service()).create({ name: 'kept', driver: 'shared' });
  const { volumes } = home.paths;
  await mkdir(join(volumes, 'half'));
  await writeFile(join(volumes, 'half', 'disk.ext4'), 'half');
  await mkdir(join(volumes, 'gone~0123456789ab.removing'));
  await mkdir(join(volumes, 'torn'));
  await writeFile(home.paths.volume('torn').disk, 'precious');
  await writeFile(home.paths.volume('torn').record, '{"version": 1, "name": ');
  assert.deepEqual((await (await home.service()).list()).map(({ name }) => name), ['kept']);
  const left = (await readdir(volumes)).sort();
  assert.equal(left.length, 2);
  assert.match(left[1] ?? '', /^torn~[0-9a-f]{12}\.damaged$/);
  assert.deepEqual(await readdir(join(volumes, left[1] ?? '')), ['disk.ext4', 'volume.json']);
  assert.match(home.lines.join(''), /damaged.*not JSON/);
});

test('anonymous volumes go with containers that never came into being, and stay when their container was removed without them', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  const [lost, kept, unknown, failed] = [newContainerId(), newContainerId(), newContainerId(), newContainerId()];
  const anonymous = [{ target: '/v', readOnly: false, driver: 'shared' as const }];
  let name = '';
  for (const id of [lost, kept, unknown]) await service.provide(id, anonymous, async ([volume]) => { name = volume?.name ?? ''; await assert.rejects(service.remove(name), { code: 'VolumeInUse', message: /just being created/ }); });
  await assert.rejects(service.provide(failed, [...anonymous, { volume: 'named', target: '/n', readOnly: false, driver: 'shared' }], () => Promise.reject(new Error('no'))), /no/);
  assert.equal((await service.list()).length, 4, 'a named one stays');
  await service.keepOwned(kept);
  const next = await home.service([unknown]);
  assert.equal((await next.list()).length, 3);
  await assert.rejects(next.prune(), { code: 'VolumeInUse' });
  assert.equal((await (await home.service()).prune()).removed.length, 1);
});

test('one writes or many read, and who is refused learns why', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  await service.create({ name: 'data', sizeBytes: size });
  await service.create({ name: 'both', driver: 'shared' });
  const claim = (container: Container): void => claimVolumes(container, home.table.all(), service);
  const writer = home.container('writer', [use('data'), use('both')], 'running');
  claim(writer);
  const second = home.container('second', [use('data', true)]);
  assert.throws(() => claim(second), { code: 'VolumeInUse', message: /“data” is being written by container “writer”/ });
  claim(home.container('other', [use('both')]));
  writer.state = 'stopping';
  assert.throws(() => claim(second), { code: 'VolumeInUse' }, 'its machine is still there');
  writer.state = 'stopped';
  claim(second);
  second.state = 'starting';
  claim(home.container('third', [use('data', true)]));
  assert.throws(() => claim(writer), { code: 'VolumeInUse', message: /read by container “second”.*read-only here/ });
  assert.throws(() => claim(home.container('lost', [use('nowhere')])), { code: 'VolumeNotFound' });
});

test('a reader of a disk that nobody has written gets an overlay; a disk that is cut short is refused', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  await service.create({ name: 'data', sizeBytes: size });
  const attach = async (container: Container) => {
    await mkdir(container.paths.directory, { recursive: true });
    return attachVolumes(container.record, container.paths, home.paths, service);
  };
  const file = home.paths.volume('data').disk;
  const writer = home.container('writer', [use('data'), { ...use('data', true), target: '/again', noCopy: true }]);
  assert.deepEqual(await attach(writer), [{ kind: 'disk', serial: 'volume0', file, readOnly: false, places: [{ target: '/v', readOnly: false, copyUp: true }, { target: '/again', readOnly: true, copyUp: false }] }]);
  const reader = home.container('reader', [use('data', true)]);
  const overlay = reader.paths.volumeOverlay('volume0');
  assert.deepEqual(await attach(reader), [{ kind: 'disk', serial: 'volume0', file, readOnly: true, overlay, places: [{ target: '/v', readOnly: true, copyUp: true }] }]);
  await writeFile(file, 'short');
  await assert.rejects(attach(reader), { code: 'VolumeInvalid', message: /missing or damaged/ });
  await rm(file);
  await assert.rejects(attach(writer), { code: 'VolumeInvalid' });
});

test('an image’s volumes fill the places that nothing else has', () => {
  const mounts = [{ source: '/s', target: '/shared', readOnly: false }];
  const wanted = wantedVolumes({ volumes: [{ volume: 'data', target: '/data/', readOnly: true }], tmpfs: [{ target: '/tmp/' }] }, ['/data', '/shared/', '/tmp', '/proc/x', '/', 'var//lib', '/var/lib'], mounts);
  assert.deepEqual(wanted, [{ volume: 'data', target: '/data', readOnly: true }, { target: '/var/lib', readOnly: false }]);
  for (const target of ['/shared', '/proc', 'x', '/']) assert.throws(() => wantedVolumes({ volumes: [{ target, readOnly: false }] }, [], mounts), { code: 'InvalidArgument' }, target);
});
