import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { workspaceLabel } from '../../protocol/labels.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerState, Mount } from '../../protocol/types.ts';
import { newContainerId } from '../../store/containerNames.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import type { ContainerLifecycle } from '../containerLifecycle.ts';
import { ContainerTable } from '../containerTable.ts';
import { MountPolicy } from '../specification/mountPolicy.ts';
import { GrantService } from './grantService.ts';
import { ShareService } from './shareService.ts';

class Scratch {
  readonly lines: string[] = [];
  readonly table = new ContainerTable();
  readonly paths: BerthPaths;
  readonly directory: string;
  readonly shares: ShareService;

  constructor(directory: string) {
    this.directory = directory;
    this.paths = new BerthPaths({ BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run') });
    const update = (container: Container, changes: Partial<ContainerRecord>): Promise<void> => {
      container.record = { ...container.record, ...changes };
      this.table.changed(container);
      return Promise.resolve();
    };
    this.shares = new ShareService(this.table, { update } as unknown as ContainerLifecycle, new MountPolicy(this.paths, { HOME: join(directory, 'user') }), { add: () => Promise.resolve(), take: () => Promise.resolve() });
  }

  /** As a host that has just started. */
  async grants(): Promise<GrantService> {
    const service = new GrantService({ paths: this.paths, table: this.table, shares: this.shares, log: createLogger((line) => this.lines.push(line)) });
    await service.begin();
    return service;
  }

  folder(name: string): string {
    return join(this.directory, name);
  }

  container(workspace: string, mounts: readonly Mount[], state: ContainerState = 'created'): Container {
    const id = newContainerId();
    const container = new Container({ id, name: id.slice(0, 4), labels: { [workspaceLabel]: workspace }, mounts, state } as unknown as ContainerRecord, this.paths.container(id));
    this.table.add(container);
    return container;
  }

  become(container: Container, state: ContainerState): void {
    container.state = state;
    this.table.changed(container);
  }
}

async function scratch(context: TestContext): Promise<Scratch> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'grants-')));
  context.after(() => rm(directory, { recursive: true }));
  for (const name of ['home', 'user/.ssh', 'app', 'data', 'other']) await mkdir(join(directory, name), { recursive: true });
  return new Scratch(directory);
}

const at = (source: string, target: string, readOnly = false): Mount => ({ source, target, readOnly, revocable: true });
/** Settles when the next change that fits has been told. */
function change(grants: GrantService, fits: (event: Parameters<Parameters<GrantService['onDidChange']>[0]>[0]) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = grants.onDidChange((event) => {
      if (!fits(event)) return;
      stop();
      resolve();
    });
  });
}

test('a decision is kept, replaced and forgotten, by real paths', async (context) => {
  const home = await scratch(context);
  const grants = await home.grants();
  const events: string[] = [];
  grants.onDidChange(({ id, grant }) => events.push(grant ? `${grant.decision} ${grant.containers.length}` : `without ${id}`));
  await symlink(home.folder('data'), home.folder('link'));
  const first = await grants.decide({ workspace: home.folder('app'), path: home.folder('link'), readOnly: true, decision: 'always', purpose: 'the cache' });
  assert.deepEqual({ ...first, id: '', decidedAt: '' }, { id: '', decidedAt: '', workspace: home.folder('app'), path: home.folder('data'), readOnly: true, decision: 'always', purpose: 'the cache', containers: [] });
  assert.deepEqual((await home.grants()).list(), [first], 'the next host knows it');
  const second = await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: false, decision: 'deny' });
  assert.equal(second.id, first.id);
  assert.deepEqual(grants.list(), [second]);
  await assert.rejects(grants.decide({ workspace: home.folder('app'), path: home.folder('nothing'), readOnly: false, decision: 'always' }), { code: 'FolderInvalid' });
  await grants.decide({ workspace: home.folder('app'), path: home.folder('nothing'), readOnly: false, decision: 'deny' });
  await grants.revoke(first.id);
  await assert.rejects(grants.revoke(first.id), { code: 'GrantNotFound' });
  assert.deepEqual(events, ['always 0', 'deny 0', 'deny 0', `without ${first.id}`]);
  assert.equal((await home.grants()).list().length, 1);
});

test('a directory that is taken back leaves the workspace’s containers and no others', async (context) => {
  const home = await scratch(context);
  const grants = await home.grants();
  const app = home.container(home.folder('app'), [at(home.folder('app'), '/workspaces/app'), at(home.folder('data'), '/data'), at(home.folder('other'), '/other')]);
  const stranger = home.container(home.folder('other'), [at(home.folder('data'), '/data')]);
  const { id, containers } = await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: false, decision: 'always' });
  assert.deepEqual(containers, [app.id]);
  await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: true, decision: 'always' });
  assert.deepEqual(app.record.mounts.map(({ target }) => target), ['/workspaces/app', '/other'], 'writing is not allowed any more');
  await home.shares.share(app.id, { source: home.folder('data'), target: '/data', readOnly: true });
  assert.deepEqual(grants.list()[0]?.containers, [app.id]);
  await grants.revoke(id);
  assert.deepEqual(app.record.mounts.map(({ target }) => target), ['/workspaces/app', '/other']);
  assert.equal(stranger.record.mounts.length, 1);
  await grants.decide({ workspace: home.folder('app'), path: home.folder('other'), readOnly: false, decision: 'deny' });
  assert.deepEqual(app.record.mounts.map(({ target }) => target), ['/workspaces/app']);
});

test('what was allowed once is over when the container has stopped', async (context) => {
  const home = await scratch(context);
  const grants = await home.grants();
  const { id } = await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: false, decision: 'once' });
  const unused = await grants.decide({ workspace: home.folder('app'), path: home.folder('other'), readOnly: false, decision: 'once' });
  const app = home.container(home.folder('app'), [at(home.folder('data'), '/data')]);
  home.become(app, 'running');
  assert.deepEqual((await home.grants()).list().map((grant) => grant.id), [id], 'a host that finds it running leaves it, and forgets the other');
  const gone = change(grants, (event) => event.id === id && !event.grant);
  home.become(app, 'stopped');
  await gone;
  assert.deepEqual(app.record.mounts, []);
  assert.deepEqual(grants.list().map((grant) => grant.id), [unused.id], 'what nobody had yet may still be wanted');
});

test('what is allowed once to a container that does not run is there when it starts', async (context) => {
  const home = await scratch(context);
  const app = home.container(home.folder('app'), []);
  const grants = await home.grants();
  home.become(app, 'running');
  home.become(app, 'stopped');
  const { id } = await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: false, decision: 'once' });
  await home.shares.share(app.id, { source: home.folder('data'), target: '/data', readOnly: false });
  await grants.dispose();
  await app.queue.run(() => Promise.resolve());
  assert.deepEqual([grants.list().map((grant) => grant.id), app.record.mounts.length], [[id], 1]);
  home.become(app, 'starting');
  home.become(app, 'stopped'); // It did not start.
  await app.settled;
  await grants.dispose();
  assert.equal(app.record.mounts.length, 1, 'who tries again has it');
  home.become(app, 'running');
  const gone = change(grants, (event) => event.id === id && !event.grant);
  home.become(app, 'stopped');
  await gone;
  assert.deepEqual(app.record.mounts, []);
});

test('a grant is there as long as a container may have the directory', async (context) => {
  const home = await scratch(context);
  const grants = await home.grants();
  const app = home.container(home.folder('app'), [at(home.folder('data'), '/data')]);
  const { id } = await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: false, decision: 'always' });
  // Whatever is on disk while a container still has it, the next host finds there.
  const onDisk: string[] = [];
  home.table.onDidChange(() => onDisk.push(readFileSync(home.paths.grants, 'utf8')));
  await grants.revoke(id);
  assert.deepEqual([onDisk.length, onDisk.every((text) => text.includes(id))], [1, true]);
  assert.deepEqual([grants.list(), app.record.mounts], [[], []]);
});

test('a container that its policy starts again keeps what it was allowed once', async (context) => {
  const home = await scratch(context);
  const grants = await home.grants();
  await grants.decide({ workspace: home.folder('app'), path: home.folder('data'), readOnly: false, decision: 'once' });
  const app = home.container(home.folder('app'), [at(home.folder('data'), '/data')]);
  home.become(app, 'running');
  const { promise: settled, resolve: settle } = Promise.withResolvers<{ exitCode: number }>();
  app.settled = settled;
  home.become(app, 'stopped');
  app.pendingRestart = setTimeout(() => undefined, 60_000);
  context.after(() => clearTimeout(app.pendingRestart));
  settle({ exitCode: 1 });
  await settled;
  await grants.dispose();
  assert.equal(app.record.mounts.length, 1);
});

test('grants that cannot be read are set aside', async (context) => {
  const home = await scratch(context);
  for (const text of ['', '{"version":1,"grants":[{}]}', '[]']) {
    await writeFile(home.paths.grants, text);
    assert.deepEqual((await home.grants()).list(), []);
    assert.equal(await readFile(`${home.paths.grants}.damaged`, 'utf8'), text);
  }
  assert.match(home.lines.join(''), /list of grants is damaged/);
});

test('sharing checks the directory and the place', async (context) => {
  const home = await scratch(context);
  const app = home.container(home.folder('app'), [at(home.folder('app'), '/workspaces/app')]);
  const share = (source: string, target: string): Promise<unknown> => home.shares.share(app.id, { source, target, readOnly: true });
  await assert.rejects(share(home.folder('user/.ssh'), '/keys'), { code: 'FolderProtected' });
  await assert.rejects(share(home.folder('nothing'), '/x'), { code: 'FolderInvalid' });
  await assert.rejects(share(home.folder('data'), '/workspaces/app/'), { code: 'InvalidArgument' });
  await assert.rejects(share(home.folder('data'), '/proc/x'), { code: 'InvalidArgument' });
  await share(home.folder('data'), '/data/');
  await share(home.folder('data'), '/data');
  assert.deepEqual(app.record.mounts[1], at(home.folder('data'), '/data', true));
  await assert.rejects(home.shares.unshare(app.id, '/nothing'), { code: 'InvalidArgument' });
  await home.shares.unshare(app.id, '/data');
  assert.equal(app.record.mounts.length, 1);
  await assert.rejects(home.shares.share('nobody', at(home.folder('data'), '/data')), { code: 'ContainerNotFound' });
});
