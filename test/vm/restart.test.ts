import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { ContainerService } from '../../runtime-host/services/interfaces.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* Restart policies, `restart` and `rename`, with virtual machines that really end. */

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

/** Resolves with the first state of a container that satisfies the condition. */
async function until(service: ContainerService, id: string, condition: (info: ContainerInfo) => boolean): Promise<ContainerInfo> {
  const { promise, resolve } = Promise.withResolvers<ContainerInfo>();
  const stop = service.onDidChange((event) => {
    if (event.id === id && event.info && condition(event.info)) resolve(event.info);
  });
  const now = await service.inspect(id);
  if (condition(now)) resolve(now);
  try {
    return await promise;
  } finally {
    stop();
  }
}

async function killMachine(info: ContainerInfo): Promise<void> {
  const found = [...(await findProcesses([info.id])).values()];
  assert.deepEqual(found, [info.vmPid]);
  for (const pid of found) process.kill(pid, 'SIGKILL');
}

test('on-failure: as often as it may, then it stays stopped with its last status', async () => {
  const { containers } = berth;
  const { id } = await berth.create({ command: ['sh', '-c', 'echo x >> /runs; wc -l < /runs; exit 3'], restart: { name: 'on-failure', maximumRetries: 2 } });
  await containers.start(id);
  const end = await until(containers, id, (info) => info.state === 'stopped' && info.restartCount === 2 && !info.restarting);
  assert.equal(end.exitCode, 3);
  const output: Uint8Array[] = [];
  for await (const { data } of containers.logs(id)) output.push(data);
  assert.equal(Buffer.concat(output).toString(), '1\n2\n3\n', 'the log and the files of all runs are kept');
  const fine = await berth.create({ command: ['true'], restart: { name: 'on-failure' } });
  await containers.start(fine.id);
  const ended = await until(containers, fine.id, ({ state }) => state === 'stopped');
  assert.deepEqual([ended.restarting, ended.restartCount], [undefined, undefined]);
});

test('a stop holds, also while the restart is pending, and for the next host', async () => {
  const { containers } = berth;
  const { id } = await berth.create({ command: ['false'], restart: { name: 'always' } });
  await containers.start(id);
  // The longer it waits the surer the stop meets it waiting.
  await until(containers, id, (info) => info.restarting === true && (info.restartCount ?? 0) >= 1);
  assert.equal((await containers.list()).some((info) => info.id === id), true, 'it counts as running');
  await assert.rejects(containers.remove(id), { code: 'ContainerRunning' });
  const stopped = await containers.stop(id);
  assert.deepEqual([stopped.state, stopped.restarting], ['stopped', undefined]);
  const next = await berth.otherHost();
  assert.deepEqual([(await next.inspect(id)).state, (await next.inspect(id)).restarting], ['stopped', undefined]);
  await next.dispose();
});

test('a host that was away when the machine ended does what the policies say', async () => {
  const first = await berth.otherHost();
  const made = await Promise.all((['always', 'unless-stopped', 'on-failure', 'no'] as const).map((name) =>
    first.create({ image: berth.image, cpus: 1, memoryBytes: 256 * 1024 * 1024, command: ['sleep', '1000'], restart: { name } })));
  const running: ContainerInfo[] = [];
  for (const { id } of made) running.push(await first.start(id));
  await first.dispose();
  for (const info of running) await killMachine(info);
  const second = await berth.otherHost();
  const [always, unless, failure, no] = running.map(({ id }) => id) as [string, string, string, string];
  for (const id of [always, unless, failure]) assert.equal((await until(second, id, ({ state }) => state === 'running')).restartCount, 1);
  const left = await second.inspect(no);
  assert.deepEqual([left.state, left.error?.code], ['stopped', 'VmFailed']);
  await second.stop(always);
  await second.signal(unless, 'KILL');
  await second.wait(unless);
  await second.dispose();
  const third = await berth.otherHost();
  assert.deepEqual((await third.list()).map(({ id }) => id), [failure]);
  for (const id of [always, unless, failure, no]) await third.remove(id, { force: true });
  await third.dispose();
  assert.deepEqual(await berth.leftovers([always, unless, failure, no]), []);
});

test('restart: another machine with the same files; rename: another name, at once and for good', async () => {
  const { containers } = berth;
  const before = await berth.background({ name: 'old-name' });
  await berth.exec(before.id, ['touch', '/kept']);
  const again = await containers.restart(before.id, { timeoutSeconds: 0 });
  assert.notEqual(again.vmPid, before.vmPid);
  assert.equal((await berth.exec(before.id, ['ls', '/kept'])).exitCode, 0);
  assert.equal((await containers.rename('old-name', 'new-name')).id, before.id);
  assert.equal((await containers.inspect('new-name')).id, before.id);
  await assert.rejects(containers.inspect('old-name'), { code: 'ContainerNotFound' });
  await assert.rejects(containers.rename(before.id, 'new-name'), { code: 'ContainerNameInUse' });
  await assert.rejects(containers.rename(before.id, '-x'), { code: 'InvalidArgument' });
  await containers.stop('new-name', { timeoutSeconds: 0 });
  const next = await berth.otherHost();
  assert.equal((await next.inspect('new-name')).id, before.id);
  await next.dispose();
  await containers.remove(before.id, { force: true });
  await assert.rejects(berth.create({ command: ['true'], removeOnExit: true, restart: { name: 'always' } }), { code: 'InvalidArgument' });
});
