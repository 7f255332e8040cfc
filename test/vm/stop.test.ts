import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BerthError } from '../../runtime-host/protocol/errors.ts';
import { readUntil, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

/** A container whose first process has said that it is ready. */
async function ready(script: string): Promise<string> {
  const { id } = await berth.create({ command: ['sh', '-c', script] });
  const streams = await berth.containers.attach(id, { start: true });
  await readUntil(streams.stdout, /ready/);
  streams.close();
  return id;
}

test('a process that ends when it is asked is not killed', async () => {
  const id = await ready('trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.1; done');
  const info = await berth.containers.stop(id, { timeoutSeconds: 30 });
  assert.equal(info.state, 'stopped');
  assert.equal(info.exitCode, 5);
  assert.equal(info.error, undefined);
  let text = '';
  for await (const { data } of berth.containers.logs(id)) text += Buffer.from(data).toString();
  assert.equal(text, 'ready\nbye\n');
  await berth.containers.remove(id);
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a process that does not want to end is killed after the time it was given', async () => {
  const id = await ready('trap : TERM; echo ready; while :; do sleep 0.1; done');
  const begun = Date.now();
  const info = await berth.containers.stop(id, { timeoutSeconds: 1 });
  assert.equal(info.exitCode, 137);
  assert.ok(Date.now() - begun >= 1000);
  assert.equal((await berth.containers.stop(id)).state, 'stopped', 'stopping again is no error');
  await berth.containers.remove(id);
});

test('a process that cannot notice the stop signal is not waited for', async () => {
  const { id } = await berth.background(); // `sleep` handles none, and the kernel protects a first process from those
  const info = await berth.containers.stop(id, { timeoutSeconds: 3600 });
  assert.equal(info.exitCode, 137);
  await berth.containers.remove(id);
});

test('a stopped process group, and other processes beside the first, do not keep the container from ending', async () => {
  const id = await ready('trap "exit 0" TERM; (trap "" TERM; while :; do sleep 0.1; done) & echo ready; while :; do sleep 0.1; done');
  const beside = await berth.containers.exec(id, { command: ['sh', '-c', 'trap "" TERM; echo up; sleep 1000'] });
  await readUntil(beside.stdout, /up/);
  await berth.containers.signal(id, 'SIGSTOP');
  const info = await berth.containers.stop(id, { timeoutSeconds: 1 });
  assert.equal(info.exitCode, 137);
  await beside.exit.catch(() => undefined);
  await berth.containers.remove(id);
});

test('a virtual machine that does not answer any more is ended all the same', async () => {
  const host = await berth.otherHost({}, { obey: 500, quit: 500 });
  const { id } = await host.create({ image: berth.image, command: ['sleep', '1000000'], cpus: 1, memoryBytes: 256 * 1024 * 1024 });
  const { vmPid } = await host.start(id);
  assert.ok(vmPid);
  process.kill(vmPid, 'SIGSTOP');
  await host.remove(id, { force: true });
  await assert.rejects(host.inspect(id), { code: 'ContainerNotFound' });
  const stopped = await host.create({ image: berth.image, command: ['sleep', '1000000'], cpus: 1, memoryBytes: 256 * 1024 * 1024 });
  process.kill((await host.start(stopped.id)).vmPid ?? 0, 'SIGSTOP');
  const { state, error } = await host.stop(stopped.id, { timeoutSeconds: 0 });
  assert.deepEqual([state, error?.code], ['stopped', 'VmFailed']);
  assert.match(error?.message ?? '', /did not answer any more and was ended/);
  await host.remove(stopped.id);
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('running containers are removed only with force; removing during stop is safe', async () => {
  const id = await ready('trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done');
  await assert.rejects(berth.containers.remove(id), { code: 'ContainerRunning' });
  await Promise.all([berth.containers.stop(id), berth.containers.remove(id, { force: true })]);
  await assert.rejects(berth.containers.inspect(id), { code: 'ContainerNotFound' });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('who has less patience than a stop that is under way does not wait for it', async () => {
  const hurry: ((id: string) => Promise<unknown>)[] = [
    (id) => berth.containers.stop(id, { timeoutSeconds: 0 }),
    (id) => berth.containers.signal(id, 'KILL'),
    (id) => berth.containers.remove(id, { force: true }),
  ];
  for (const end of hurry) {
    const { id } = await berth.create({ command: ['sh', '-c', 'trap "echo asked" TERM; echo ready; while :; do sleep 0.1; done'] });
    const streams = await berth.containers.attach(id, { start: true });
    await readUntil(streams.stdout, /ready/);
    const patient = berth.containers.stop(id, { timeoutSeconds: 3600 });
    await readUntil(streams.stdout, /asked/);
    await Promise.all([patient, end(id)]);
    assert.equal((await streams.exit).exitCode, 137);
    await berth.containers.remove(id).catch((error: unknown) => assert.equal((error as BerthError).code, 'ContainerNotFound'));
  }
});

test('what needs a running container says so', async () => {
  const { id } = await berth.create({ command: ['true'] });
  await assert.rejects(berth.containers.signal(id, 'TERM'), { code: 'ContainerNotRunning' });
  await assert.rejects(berth.containers.exec(id, { command: ['true'] }), { code: 'ContainerNotRunning' });
  await assert.rejects(berth.containers.attach(id), { code: 'ContainerNotRunning' });
  await assert.rejects(berth.containers.signal(id, 'NOPE'), { code: 'InvalidArgument' });
  await berth.containers.remove(id);
});

test('starts and stops that come at once take their turns', async () => {
  const { id } = await berth.create({ command: ['sleep', '1000000'] });
  const [started, again] = await Promise.all([berth.containers.start(id), berth.containers.start(id)]);
  assert.equal(started.vmPid, again.vmPid);
  const [first, second] = await Promise.all([berth.containers.stop(id, { timeoutSeconds: 0 }), berth.containers.stop(id)]);
  assert.deepEqual([first.state, second.state], ['stopped', 'stopped']);
  await berth.containers.remove(id);
});
