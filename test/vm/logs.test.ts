import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { ContainerService, LogViewOptions } from '../../runtime-host/services/interfaces.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { readUntil, startVmHarness, textOf, type VmHarness } from '../support/vmHarness.ts';

/*
 * Logs that go from file to file: nothing lost or doubled over hosts that are killed, nothing missed by who is attached.
 */

const kibibyte = 1024;
let berth: VmHarness;
before(async () => (berth = await startVmHarness({ BERTH_LOG_MAX_SIZE: '64k', BERTH_LOG_MAX_FILE: '3' })), { timeout: 120_000 });
after(() => berth.stop());

async function logOf(service: ContainerService, id: string, options?: LogViewOptions): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of service.logs(id, options)) pieces.push(data);
  return Buffer.concat(pieces).toString();
}

async function filesOf(id: string): Promise<number[]> {
  const { directory } = berth.paths.container(id);
  const names = (await readdir(directory)).filter((name) => name.startsWith('output.log'));
  return Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
}

test('a log keeps its last files, also over hosts that are killed while it grows', async () => {
  const last = 300_000;
  const { id } = await berth.create({ command: ['sh', '-c', `seq 1 ${last}; exit 3`] });
  const first = await berth.otherHost();
  await first.start(id);
  await first.dispose();
  const random = seededRandom(7);
  const program = join(import.meta.dirname, '..', 'support', 'vmHostChild.ts');
  for (let kill = 0; kill < 4; kill++) {
    const child = spawn(process.execPath, [program, 'null'], { env: berth.environment, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) if (line === 'adopted') break;
    await new Promise((resolve) => setTimeout(resolve, random() * 120));
    child.kill('SIGKILL');
    await exited;
  }
  const host = await berth.otherHost();
  assert.deepEqual(await host.wait(id), { exitCode: 3 });
  const sizes = await filesOf(id);
  assert.equal(sizes.length, 3);
  // An entry that was begun below the limit may end above it.
  for (const size of sizes) assert.ok(size < 256 * kibibyte, `${size}`);
  const lines = (await logOf(host, id)).split('\n').slice(1, -1).map(Number);
  assert.equal(lines.at(-1), last);
  lines.forEach((line, index) => assert.equal(line, last - lines.length + 1 + index));
  assert.equal(await logOf(host, id, { tail: 2 }), `${last - 1}\n${last}\n`);
  await host.remove(id);
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('whoever is attached misses nothing, however slowly they read', async () => {
  const host = await berth.otherHost();
  const last = 400_000; // Ten times what the log keeps.
  const { id } = await host.create({ image: berth.image, command: ['seq', '1', String(last)], cpus: 1, memoryBytes: 256 * 1024 * kibibyte, log: { maxSize: 16 * kibibyte, maxFiles: 2 } });
  const streams = await host.attach(id, { start: true });
  const hash = createHash('sha256');
  for await (const chunk of streams.stdout) {
    hash.update(chunk as Buffer);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await streams.exit, { exitCode: 0 });
  const expected = createHash('sha256').update(Array.from({ length: last }, (_, index) => `${index + 1}\n`).join('')).digest('hex');
  assert.equal(hash.digest('hex'), expected);
  assert.equal((await filesOf(id)).length, 2);
  await host.remove(id);
  await host.dispose();
});

test('whoever is attached to a container that removes itself gets all that it printed', async () => {
  const last = 200_000;
  const { id } = await berth.create({ command: ['seq', '1', String(last)], removeOnExit: true, log: { maxSize: 64 * kibibyte, maxFiles: 500 } });
  const removed = new Promise<void>((resolve) => berth.services.containers.onDidChange((event) => event.id === id && !event.info && resolve()));
  const streams = await berth.containers.attach(id, { start: true });
  await removed;
  assert.deepEqual(await berth.leftovers([id]), []);
  const expected = Array.from({ length: last }, (_, index) => `${index + 1}\n`).join('');
  assert.ok((await textOf(streams.stdout)) === expected);
  assert.deepEqual(await streams.exit, { exitCode: 0 });
});

test('one who is attached and reads nothing does not keep a killed container, or one whose machine is gone, from ending', async () => {
  for (const how of ['kill', 'machine'] as const) {
    const { id, vmPid } = await berth.background({ command: ['yes'], log: { maxSize: 16 * kibibyte, maxFiles: 2 } });
    const streams = await berth.containers.attach(id);
    if (how === 'kill') await berth.containers.signal(id, 'KILL');
    else process.kill(vmPid ?? 0, 'SIGKILL');
    await berth.containers.wait(id).then(({ exitCode }) => assert.equal(exitCode, 137), (error: unknown) => assert.match(String(error), /SIGKILL/));
    streams.close();
    await berth.containers.remove(id);
  }
});

test('one who is attached and reads nothing does not keep a container from being stopped', async () => {
  const host = await berth.otherHost();
  const { id } = await host.create({ image: berth.image, command: ['sh', '-c', 'echo ready; exec yes'], cpus: 1, memoryBytes: 256 * 1024 * kibibyte, log: { maxSize: 16 * kibibyte, maxFiles: 2 } });
  const streams = await host.attach(id, { start: true });
  await readUntil(streams.stdout, /ready/);
  const info = await host.stop(id, { timeoutSeconds: 0 });
  assert.equal(info.exitCode, 137);
  streams.close();
  await host.remove(id);
  await host.dispose();
});
