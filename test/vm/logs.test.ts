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
import { readUntil, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

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
  await berth.services.containers.start(id);
  await berth.services.containers.dispose();
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
