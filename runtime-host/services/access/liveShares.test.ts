import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { createLogger } from '../../base/log.ts';
import type { GuestClient } from '../../guest/guestClient.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import type { Mount } from '../../protocol/types.ts';
import { newContainerId } from '../../store/containerNames.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { Container } from '../container.ts';
import { ContainerTable } from '../containerTable.ts';
import type { ContainerRun, RunEnd } from '../run/containerRun.ts';
import { MountPolicy } from '../specification/mountPolicy.ts';
import { LiveShares } from './liveShares.ts';

/* Guests and servers that do as they are told; the real ones meet in test/vm/liveShares.test.ts. */

class Scratch {
  readonly table = new ContainerTable();
  readonly notices: string[] = [];
  /** What the guest has mounted, one after the other. */
  readonly mounted: { readonly target: string; readonly atStart: boolean; readonly stream: Duplex }[] = [];
  readonly container: Container;
  readonly run: ContainerRun;
  readonly source: string;
  readonly shares: LiveShares;
  readonly end: (end: RunEnd) => void;
  #waiting: (() => void)[] = [];

  constructor(directory: string, program: string) {
    this.source = join(directory, 'source');
    const paths = new BerthPaths({ BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run') });
    const id = newContainerId();
    this.container = new Container({ id, name: 'a', mounts: [], state: 'running' } as unknown as ContainerRecord, paths.container(id));
    const { promise: finished, resolve } = Promise.withResolvers<RunEnd>();
    this.end = resolve;
    const mountShare: GuestClient['mountShare'] = ({ target, atStart = false }, serve) => {
      const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(), final(done) { this.push(null); done(); } });
      serve(stream);
      this.mounted.push({ target, atStart, stream });
      for (const wake of this.#waiting.splice(0)) wake();
      return Promise.resolve(stream);
    };
    const guest = { connected: true, mountShare } as unknown as GuestClient;
    this.run = { guest, finished, over: false, explained: <Answer>(answer: Promise<Answer>) => answer } as unknown as ContainerRun;
    const notify = (message: string): void => {
      this.notices.push(message);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.shares = new LiveShares({ table: this.table, policy: new MountPolicy(paths, { HOME: '/nowhere' }), log: createLogger(() => undefined), environment: { BERTH_SHARED: program }, notify });
  }

  get mount(): Mount {
    return { source: this.source, target: '/here', readOnly: false, revocable: true };
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  begin(): void {
    this.container.run = this.run;
    this.table.began(this.container, this.run);
  }

  get server(): number | undefined {
    return this.shares.servers(this.container).get('/here');
  }
}

async function scratch(context: TestContext, script: string): Promise<Scratch> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'live-')));
  context.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'source'));
  await writeFile(join(directory, 'server'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'server'), 0o755);
  return new Scratch(directory, join(directory, 'server'));
}

test('a directory is taken away with its server, and nothing brings it back', async (context) => {
  const home = await scratch(context, 'exec cat > /dev/null');
  home.begin();
  await home.shares.add(home.container, home.run, home.mount);
  const { server } = home;
  assert.ok(server);
  await home.shares.take(home.container, '/here');
  assert.throws(() => process.kill(server, 0), { code: 'ESRCH' });
  assert.ok(home.mounted[0]?.stream.destroyed);
  await home.container.queue.run(() => Promise.resolve());
  assert.equal(home.mounted.length, 1);
  assert.equal(home.server, undefined);
});

test('a server that ends is replaced, and given up when it does so again and again', async (context) => {
  const home = await scratch(context, 'exec cat > /dev/null');
  home.begin();
  await home.shares.add(home.container, home.run, home.mount);
  for (const count of [2, 3, 4, 5]) {
    await home.container.queue.run(() => Promise.resolve());
    process.kill(home.server!, 'SIGKILL');
    await home.until(() => home.mounted.length === count);
    await home.container.queue.run(() => Promise.resolve());
  }
  process.kill(home.server!, 'SIGKILL');
  await home.until(() => home.notices.length > 0);
  assert.match(home.notices.join(), /runs on without the folder .* again and again/);
  assert.equal(home.mounted.length, 5);
});

test('what an earlier host served is mounted again, and what cannot be is told', async (context) => {
  const home = await scratch(context, 'exec cat > /dev/null');
  home.container.record = { ...home.container.record, mounts: [home.mount, { ...home.mount, source: join(home.source, 'gone'), target: '/gone' }, { ...home.mount, target: '/qemu', revocable: false }] };
  home.begin();
  await home.until(() => home.mounted.length === 1 && home.notices.length === 1);
  assert.deepEqual(home.mounted.map(({ target, atStart }) => [target, atStart]), [['/here', false]]);
  assert.match(home.notices[0] ?? '', /without the folder .*gone: .*does not exist/);
  const { server } = home;
  home.end({ exitCode: 0 });
  await home.container.queue.run(() => Promise.resolve());
  assert.equal(home.server, undefined);
  assert.ok(server);
});

test('a container that cannot have its directories does not start, and keeps no server', async (context) => {
  const home = await scratch(context, 'echo \'{"level":"ERROR","error":"no such luck"}\' >&2; exit 1');
  home.container.record = { ...home.container.record, mounts: [home.mount] };
  const never = new Promise<never>(() => undefined);
  const guest = { mountShare: (_share: unknown, _serve: unknown, signal?: AbortSignal) => Promise.race([never, new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))]) } as unknown as GuestClient;
  await assert.rejects(home.shares.prepare(home.container, guest, new AbortController().signal), { code: 'FolderInvalid', message: /no such luck/ });
  assert.equal(home.server, undefined);
});

test('a guest that does not mount a directory, or has ended meanwhile, keeps no server', async (context) => {
  const home = await scratch(context, 'exec cat > /dev/null');
  home.begin();
  const guest = { mountShare: (_share: unknown, _serve: unknown, signal?: AbortSignal) => new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
    context.mock.timers.tick(60_000);
  }) } as unknown as GuestClient;
  context.mock.timers.enable({ apis: ['setTimeout'] });
  await assert.rejects(home.shares.add(home.container, { ...home.run, guest } as unknown as ContainerRun, home.mount), { code: 'GuestFailed', message: /did not mount the folder .* in time/ });
  context.mock.timers.reset();
  await assert.rejects(home.shares.add(home.container, { ...home.run, over: true } as unknown as ContainerRun, home.mount), { code: 'ContainerNotRunning' });
  assert.ok(home.mounted[0]?.stream.destroyed);
  assert.equal(home.server, undefined);
});
