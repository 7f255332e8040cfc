import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/*
 * What vminitd owes the guest as its first process.
 */

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

/** Prints the zombies, once there are none that `pattern` matches; the lines are those of /proc/PID/stat. */
const untilNoZombies = (pattern: string): string => `until ! cat /proc/[0-9]*/stat 2>/dev/null | grep -q '${pattern}'; do sleep 0.1; done; ps -o pid,ppid,stat,comm`;

test('the loopback interface is up and carries connections', async () => {
  const { id } = await berth.background({ networks: [] });
  assert.equal((await berth.exec(id, ['cat', '/sys/class/net/lo/flags'])).stdout, '0x9\n');
  assert.equal((await berth.exec(id, ['ls', '/sys/class/net'])).stdout, 'lo\n');
  for (const address of ['127.0.0.1', '::1', 'localhost']) assert.equal((await berth.exec(id, ['ping', '-c', '1', address])).exitCode, 0, address);
  const served = berth.exec(id, ['nc', '-l', '-p', '5000']);
  const { exitCode } = await berth.exec(id, ['sh', '-c', 'until echo through the loopback | nc 127.0.0.1 5000; do sleep 0.1; done']);
  assert.equal(exitCode, 0);
  assert.deepEqual(await served.then(({ stdout }) => stdout), 'through the loopback\n');
  await berth.containers.remove(id, { force: true });
});

test('processes beside the first leave no zombies, however they end, and whatever the first process does', async () => {
  const { id } = await berth.background(); // `sleep`, which waits for nobody
  const ends = ['true', 'exit 3', 'kill -KILL $$', 'exec sleep 0.1'];
  const finished = await Promise.all(Array.from({ length: 12 }, (_, index) => berth.exec(id, ['sh', '-c', ends[index % ends.length] ?? 'true'])));
  assert.deepEqual(finished.slice(0, 4).map(({ exitCode }) => exitCode), [0, 3, 137, 0]);
  // vminitd is their parent, which has the number 0 in here.
  const { stdout } = await berth.exec(id, ['sh', '-c', untilNoZombies(') Z 0 ')]);
  assert.doesNotMatch(stdout, /\s0\s+Z/);
  await berth.containers.remove(id, { force: true });
});

test('orphans go to a first process that waits, as an opened folder has one, and leave no zombies', async () => {
  const { id } = await berth.background({ command: ['/bin/sh', '-c', 'trap "exit 0" TERM INT QUIT; while :; do sleep 3600 & wait $!; done'] });
  const orphans = await Promise.all(Array.from({ length: 5 }, () => berth.exec(id, ['sh', '-c', '(sleep 0.1 & (sleep 0.2 &) &) ; true'])));
  assert.ok(orphans.every(({ exitCode }) => exitCode === 0));
  const { stdout } = await berth.exec(id, ['sh', '-c', `while pidof sleep | grep -q ' '; do sleep 0.1; done; ${untilNoZombies(') Z ')}`]);
  assert.doesNotMatch(stdout, /\bZ/);
  await berth.containers.remove(id, { force: true });
});
