import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerInfo, HealthCheckOptions } from '../../runtime-host/protocol/types.ts';
import type { ContainerService } from '../../runtime-host/services/interfaces.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* Health checks in a container that really runs them. */

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

const often = { intervalSeconds: 0.1, retries: 2 };

function checked(healthCheck: HealthCheckOptions): Promise<ContainerInfo> {
  return berth.background({ healthCheck });
}

/** Resolves when a container's health is told to be this. */
async function until(service: ContainerService, id: string, status: string): Promise<ContainerInfo> {
  const { promise, resolve } = Promise.withResolvers<ContainerInfo>();
  const stop = service.onDidChange(({ info }) => {
    if (info?.id === id && info.health?.status === status) resolve(info);
  });
  const now = await service.inspect(id);
  if (now.health?.status === status) resolve(now);
  try {
    return await promise;
  } finally {
    stop();
  }
}

test('starting, healthy, unhealthy and healthy again, with what the check printed', async () => {
  const { containers } = berth;
  const { id, health } = await checked({ ...often, command: 'echo looking; cat /ok >&2' });
  assert.deepEqual(health, { status: 'starting', failingStreak: 0, log: [] });
  const failing = await until(containers, id, 'unhealthy');
  assert.equal(failing.health?.failingStreak, 2);
  assert.deepEqual(failing.health.log.map(({ exitCode, output }) => [exitCode, output]), [[1, 'looking\ncat: can\'t open \'/ok\': No such file or directory\n'], [1, 'looking\ncat: can\'t open \'/ok\': No such file or directory\n']]);
  await berth.exec(id, ['touch', '/ok']);
  assert.equal((await until(containers, id, 'healthy')).health?.failingStreak, 0);
  await berth.exec(id, ['rm', '/ok']);
  await until(containers, id, 'unhealthy');
  const stopped = await containers.stop(id, { timeoutSeconds: 0 });
  assert.equal(stopped.health, undefined, 'only what runs is checked');
  await containers.remove(id);
});

test('a check that takes too long is killed; one that does not exist says so', async () => {
  const { containers } = berth;
  const slow = await checked({ ...often, timeoutSeconds: 0.5, retries: 1, command: 'echo $$ >> /pids; exec sleep 4711' });
  const info = await until(containers, slow.id, 'unhealthy');
  assert.deepEqual([info.health?.log[0]?.exitCode, info.health?.log[0]?.output], [-1, 'The health check took longer than 0.5 s.']);
  const gone = await berth.exec(slow.id, ['sh', '-c', 'read pid < /pids; for i in $(seq 100); do kill -0 $pid 2>/dev/null || exit 0; sleep 0.1; done; exit 1']);
  assert.equal(gone.exitCode, 0, 'the first check\'s process is gone');
  await containers.remove(slow.id, { force: true });
  const off = await checked({ disabled: true });
  assert.equal(off.health, undefined);
  await containers.remove(off.id, { force: true });
});

test('the next host goes on checking', async () => {
  const first = await berth.otherHost();
  const { id } = await first.create({ image: berth.image, cpus: 1, memoryBytes: 256 * 1024 * 1024, command: ['sleep', '1000'], healthCheck: { ...often, command: 'true' } });
  await first.start(id);
  await until(first, id, 'healthy');
  await first.dispose();
  const second = await berth.otherHost();
  await until(second, id, 'healthy');
  await second.remove(id, { force: true });
  await second.dispose();
});
