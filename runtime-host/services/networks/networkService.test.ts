import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { cidr } from '../../net/addresses.ts';
import type { ContainerNetwork } from '../../protocol/networks.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import { newContainerId } from '../../store/containerNames.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import { ContainerTable } from '../containerTable.ts';
import { HostNetworkService } from './networkService.ts';

class Scratch {
  readonly table = new ContainerTable();
  readonly lines: string[] = [];
  readonly paths: BerthPaths;

  constructor(home: string) {
    this.paths = new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: join(home, 'run') });
  }

  /** As a host that has just started. */
  async service(unreadable: readonly string[] = []): Promise<HostNetworkService> {
    const hostRanges = (): Promise<{ range: ReturnType<typeof cidr>; by: string }[]> => Promise.resolve([{ range: cidr('192.168.80.0/24'), by: 'the route of the café' }]);
    const service = new HostNetworkService({ paths: this.paths, table: this.table, log: createLogger((line) => this.lines.push(line)), hostRanges });
    await service.load(new Set(unreadable));
    return service;
  }

  container(name: string, networks: readonly ContainerNetwork[], id = newContainerId()): Container {
    const container = new Container({ id, name, connection: { networks }, state: 'created' } as unknown as ContainerRecord, this.paths.container(id));
    this.table.add(container);
    return container;
  }

  forget(container: Container): void {
    container.removed = true;
    this.table.changed(container);
  }
}

async function scratch(context: TestContext): Promise<Scratch> {
  const home = await mkdtemp(join(tmpdir(), 'networks-'));
  context.after(() => rm(home, { recursive: true }));
  return new Scratch(home);
}

/** Creates a container as the container service does. */
function create(service: HostNetworkService, home: Scratch, name: string, ...wishes: Parameters<HostNetworkService['provide']>[1]): Promise<Container> {
  const id = newContainerId();
  return service.provide(id, wishes, (networks) => Promise.resolve(home.container(name, networks, id)));
}

test('networks are made, found again, and removed when nobody refers to them', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  const events: string[] = [];
  service.onDidChange(({ name, info }) => events.push(`${name} ${info ? 'is' : 'was'}`));
  const made = await service.create({ name: 'back', labels: { a: 'b' } });
  assert.deepEqual([made.subnet, made.gateway, made.hostAddress, made.labels, made.containers], ['192.168.81.0/24', '192.168.81.1', '192.168.81.254', { a: 'b' }, []]);
  assert.match(made.subnet6 ?? '', /^fd[0-9a-f:]+::\/64$/);
  assert.deepEqual(await service.create({ name: 'back' }), made);
  await assert.rejects(service.create({ name: 'back', subnet: '192.168.99.0/24' }), { code: 'NetworkNameInUse' });
  await assert.rejects(service.create({ name: 'other', subnet: '192.168.81.0/25' }), { code: 'NetworkInvalid', message: /network “back”/ });
  for (const name of ['', '../x', '.x', 'a~b', 'none', 'host', 'x'.repeat(64)]) await assert.rejects(service.create({ name }), { code: 'InvalidArgument' }, name);
  assert.deepEqual(await readdir(home.paths.networks), ['back'], 'what failed left nothing behind');
  const next = await home.service();
  assert.deepEqual(await next.list(), [made]);
  const web = await create(next, home, 'web', { network: 'back', aliases: ['www'] });
  await assert.rejects(next.remove('back', { force: true }), { code: 'NetworkInUse', message: /container “web” refers to it/ });
  assert.deepEqual(await next.prune(), { removed: [], reclaimedBytes: 0 });
  assert.deepEqual((await next.inspect('back')).containers.map(({ name, address }) => [name, address]), [['web', '192.168.81.2']]);
  await assert.rejects(next.remove('front'), { code: 'NetworkNotFound' });
  await next.remove('front', { force: true });
  home.forget(web);
  await service.remove('back');
  assert.deepEqual(events, ['back is', 'back was']);
  assert.deepEqual(await readdir(home.paths.networks), []);
});

test('a range that this machine reaches otherwise is taken on request, and that is told', async (context) => {
  const service = await (await scratch(context)).service();
  const notices: string[] = [];
  service.onNotice((notice) => notices.push(notice));
  const { subnet, subnet6, gateway6 } = await service.create({ name: 'same', subnet: '192.168.80.0/24', subnet6: false });
  assert.deepEqual([subnet, subnet6, gateway6], ['192.168.80.0/24', undefined, undefined]);
  assert.match(notices.join(), /“same”.*the route of the café/);
});

test('the default network is made when it is needed, and is never pruned', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  assert.deepEqual(await service.list(), []);
  const container = await create(service, home, 'a', { network: 'default' });
  assert.equal(container.record.connection?.networks[0]?.address, '192.168.81.2');
  await assert.rejects(service.remove('default'), { code: 'NetworkInUse' });
  home.forget(container);
  await service.create({ name: 'spare' });
  assert.deepEqual((await service.prune()).removed, ['spare']);
  assert.deepEqual((await service.list()).map(({ name }) => name), ['default']);
  await service.remove('default');
  await assert.rejects(create(service, home, 'b', { network: 'nowhere' }), { code: 'NetworkNotFound', message: /network create nowhere/ });
});

test('containers that are created at once get addresses of their own, and what is given back is given out again', async (context) => {
  const home = await scratch(context);
  const service = await home.service();
  const made = await Promise.all(Array.from({ length: 20 }, (_, index) => create(service, home, `c${index}`, { network: 'default' })));
  const addresses = made.map(({ record }) => record.connection!.networks[0]!.address);
  assert.equal(new Set(addresses).size, 20);
  home.forget(made[3]!);
  assert.equal((await create(service, home, 'next', { network: 'default' })).record.connection!.networks[0]!.address, addresses[3]);
  await assert.rejects(create(service, home, 'clash', { network: 'default', address: addresses[5]! }), { code: 'InvalidArgument', message: /container “c5” has it/ });
  await assert.rejects(service.provide(newContainerId(), [{ network: 'default', address: '192.168.81.200' }], () => Promise.reject(new Error('no disk'))), /no disk/);
  await create(service, home, 'again', { network: 'default', address: '192.168.81.200' });
});

test('a damaged record is set aside, and with containers that cannot be read nothing is pruned', async (context) => {
  const home = await scratch(context);
  await (await home.service()).create({ name: 'kept' });
  for (const [name, text] of [['torn', '{"version": 1, '], ['wild', JSON.stringify({ version: 1, name: 'wild', subnet: '10.0.0.0/32', createdAt: '', labels: {} })]] as const) {
    await mkdir(join(home.paths.networks, name));
    await writeFile(home.paths.network(name).record, text);
  }
  await mkdir(join(home.paths.networks, 'half'));
  const service = await home.service(['f'.repeat(64)]);
  assert.deepEqual((await service.list()).map(({ name }) => name), ['kept']);
  assert.deepEqual((await readdir(home.paths.networks)).map((name) => name.replace(/~.*\./, '~')).sort(), ['kept', 'torn~damaged', 'wild~damaged']);
  await assert.rejects(service.prune(), { code: 'NetworkInUse' });
});
