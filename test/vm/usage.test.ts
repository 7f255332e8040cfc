import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* What takes room, against du, and what pruning gives back. */

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

function du(...paths: string[]): number {
  const lines = execFileSync('du', ['-s', '--block-size=1', ...paths], { encoding: 'utf8' }).trim().split('\n');
  return lines.reduce((sum, line) => sum + Number(/^\d+/.exec(line)?.[0]), 0);
}

test('df says what du says, and prune what df promised', async () => {
  const { services, paths, image, containers } = berth;
  const { id: full } = await berth.run(['sh', '-c', 'head -c 20000000 /dev/urandom > /big; sync'], { keep: true });
  await services.volumes.create({ name: 'idle' });
  const { name: unnamed } = await services.volumes.create({});
  const runs = await berth.background({ volumes: [{ volume: 'filled', target: '/v', readOnly: false }] });
  await berth.exec(runs.id, ['sh', '-c', 'head -c 10000000 /dev/urandom > /v/big; sync']);
  const usage = await services.usage.report();
  assert.deepEqual([usage.images.total, usage.images.active, usage.images.reclaimableBytes < 100_000], [1, 1, true]);
  assert.equal(usage.images.bytes, du(paths.content, paths.disks));
  assert.deepEqual([usage.containers.total, usage.containers.active], [2, 1]);
  const big = usage.containers.items.find(({ bytes }) => bytes > 20_000_000);
  assert.equal(big?.bytes, du(paths.container(full).directory));
  assert.equal(usage.containers.reclaimableBytes, big?.bytes);

  assert.deepEqual([usage.volumes.total, usage.volumes.active], [3, 1]);
  for (const { name, bytes } of usage.volumes.items) assert.equal(bytes, du(paths.volume(name).disk), name);
  assert.ok(usage.volumes.bytes - usage.volumes.reclaimableBytes > 10_000_000);

  const before = du(paths.containers);
  const pruned = await services.usage.pruneContainers();
  assert.deepEqual(pruned, { removed: [full], reclaimedBytes: big?.bytes });
  assert.ok(before - du(paths.containers) > 20_000_000);
  assert.deepEqual((await services.volumes.prune()).removed, [unnamed], 'others have names');
  assert.deepEqual(await services.usage.pruneImages(), { removed: [], reclaimedBytes: 0 }, 'its container runs');
  await containers.remove(runs.id, { force: true });
  const images = await services.usage.pruneImages();
  assert.deepEqual(images.removed, [image]);
  assert.ok(Math.abs(images.reclaimedBytes - usage.images.bytes) < 100_000, String(images.reclaimedBytes));
});
