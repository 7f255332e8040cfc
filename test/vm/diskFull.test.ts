import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, open, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RestartPolicy } from '../../runtime-host/protocol/types.ts';
import type { ContainerService } from '../../runtime-host/services/interfaces.ts';
import { checkOverlay } from '../support/checkDisks.ts';
import { readUntil, startVmHarness, textOf, type VmHarness } from '../support/vmHarness.ts';

/*
 * A home on a small file system that is filled and freed while containers write.
 */

const bytes = 12 * 1024 * 1024;
const writes = `echo ready; yes berth | head -c ${bytes} > /big; sync; sha256sum < /big`;
const sum = createHash('sha256').update('berth\n'.repeat(bytes / 6 + 1).slice(0, bytes)).digest('hex');
const ballast = (): string => join(place, 'ballast');
const mebibyte = 1024 * 1024;

function mounted(): { readonly place: string; readonly whyNot: string | false } {
  const directory = mkdtempSync(join(tmpdir(), 'bfull-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=0700', 'tmpfs', directory], { stdio: 'pipe' });
    return { place: directory, whyNot: false };
  } catch (error) {
    rmdirSync(directory);
    return { place: directory, whyNot: `no small file system can be mounted: ${String(error)}` };
  }
}

const { place, whyNot: skip } = mounted();
let berth: VmHarness;
before(async () => {
  if (!skip) berth = await startVmHarness({ BERTH_HOME: join(place, 'home') });
}, { timeout: 120_000 });
after(async () => {
  if (skip) return;
  await berth.stop();
  execFileSync('umount', [place]);
  rmdirSync(place);
});

/** Leaves this much room, and no more. */
async function fill(room: number): Promise<void> {
  const { bavail, bsize } = await statfs(place);
  const file = await open(ballast(), 'w');
  await file.writeFile(Buffer.alloc(bavail * bsize - room, 1));
  await file.close();
}

const free = (): Promise<void> => rm(ballast(), { force: true });

/** A container that writes more than there is room for, and is paused for that. */
async function paused(service: ContainerService = berth.containers, restart?: RestartPolicy): Promise<{ readonly id: string; readonly name: string; readonly notice: string; readonly output: Promise<string> }> {
  const { id, name } = await service.create({ image: berth.image, command: ['sh', '-c', writes], cpus: 1, memoryBytes: 256 * mebibyte, ...(restart && { restart }) });
  const streams = await service.attach(id, { start: true });
  await readUntil(streams.stdout, /ready/);
  const told = new Promise<string>((resolve) => service.onNotice(resolve));
  const shown = new Promise<void>((resolve) => service.onDidChange((event) => event.info?.paused !== undefined && resolve()));
  await fill(5 * mebibyte);
  const notice = await told;
  await shown;
  return { id, name, notice, output: textOf(streams.stdout) };
}

test('a container whose host has no room waits, says so, and goes on when there is room', { skip }, async () => {
  const { id, name, notice, output } = await paused();
  assert.equal(notice, `Container “${name}” is paused: the disk that holds Berth’s data is full. Free some space and it goes on by itself.`);
  const [info] = await berth.containers.list();
  assert.deepEqual([info?.state, info?.paused], ['running', notice]);
  await assert.rejects(berth.containers.exec(id, { command: ['true'] }), { code: 'DiskFull', message: notice });
  await assert.rejects(berth.containers.signal(id, 'TERM'), { code: 'DiskFull' });
  const goesOn = new Promise<void>((resolve) => berth.containers.onDidChange((event) => event.info?.paused === undefined && resolve()));
  await free();
  await goesOn;
  assert.match(await output, new RegExp(`^${sum}  -$`, 'm'));
  assert.deepEqual(await berth.containers.wait(id), { exitCode: 0 });
  await checkOverlay(berth.paths.container(id).overlay, join(tmpdir(), `${name}.raw`));
  await berth.containers.remove(id);
});

test('one that waits for room can be stopped', { skip }, async () => {
  const { id, name } = await paused();
  const info = await berth.containers.stop(id, { timeoutSeconds: 3600 });
  assert.deepEqual([info.state, info.error?.code, info.paused], ['stopped', 'DiskFull', undefined]);
  assert.match(info.error?.message ?? '', /was ended while it was paused/);
  await free();
  await checkOverlay(berth.paths.container(id).overlay, join(tmpdir(), `${name}.raw`));
  assert.equal((await berth.containers.start(id)).state, 'running');
  await berth.containers.remove(id, { force: true });
});

test('one that waits for room can be killed, and removed', { skip }, async () => {
  const killed = await paused();
  await berth.containers.signal(killed.id, 'KILL');
  await assert.rejects(berth.containers.wait(killed.id), { code: 'VmFailed' });
  await berth.containers.remove(killed.id);
  await free();
  const removed = await paused();
  await berth.containers.remove(removed.id, { force: true });
  assert.deepEqual(await berth.leftovers([killed.id, removed.id]), []);
  await free();
});

test('one that waits for room while hosts change goes on for the last of them', { skip }, async () => {
  const first = await berth.otherHost();
  const { id } = await paused(first);
  await first.dispose();
  const second = await berth.otherHost({}, { adopt: 1000 });
  const info = await second.inspect(id);
  assert.deepEqual([info.state, typeof info.vmPid], ['running', 'number']);
  assert.match(info.paused ?? '', /disk that holds Berth’s data is full/);
  await assert.rejects(second.exec(id, { command: ['true'] }), { code: 'DiskFull' });
  await assert.rejects(second.attach(id), { code: 'DiskFull' });
  await assert.rejects(second.remove(id), { code: 'ContainerRunning' });
  await second.dispose();
  const third = await berth.otherHost();
  const ended = third.wait(id);
  await free();
  assert.deepEqual(await ended, { exitCode: 0 });
  const pieces: Uint8Array[] = [];
  for await (const { data } of third.logs(id)) pieces.push(data);
  assert.match(Buffer.concat(pieces).toString(), new RegExp(`^ready\n${sum}  -\n$`));
  await third.remove(id);
  await third.dispose();
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('one that a new host finds waiting can be stopped, and removed', { skip }, async () => {
  const first = await berth.otherHost();
  const stopped = await paused(first);
  await first.dispose();
  const second = await berth.otherHost();
  const info = await second.stop(stopped.id);
  assert.deepEqual([info.state, info.error?.code], ['stopped', 'DiskFull']);
  await second.remove(stopped.id);
  await free();
  const removed = await paused(second);
  await second.dispose();
  const third = await berth.otherHost();
  await third.remove(removed.id, { force: true });
  await third.dispose();
  assert.deepEqual(await berth.leftovers([stopped.id, removed.id]), []);
  await free();
});

test('one that a new host finds waiting, and whose machine dies, is brought back by its policy', { skip }, async () => {
  const first = await berth.otherHost();
  const { id } = await paused(first, { name: 'on-failure', maximumRetries: 8 });
  await first.dispose();
  const second = await berth.otherHost();
  const again = new Promise<number | undefined>((resolve) => second.onDidChange(({ info }) => info?.state === 'running' && info.restartCount && resolve(info.restartCount)));
  const { vmPid } = await second.inspect(id);
  assert.ok(vmPid);
  process.kill(vmPid, 'SIGKILL');
  await free();
  assert.ok(await again);
  await second.remove(id, { force: true });
  await second.dispose();
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a container that has no room to start says so at once, and starts when there is', { skip }, async () => {
  const { id } = await berth.create({ command: ['sleep', '1000'] });
  await fill(128 * 1024);
  await assert.rejects(berth.containers.start(id), { code: 'DiskFull' });
  assert.equal((await berth.containers.inspect(id)).state, 'created');
  assert.deepEqual((await berth.leftovers([id])).filter((left) => left !== berth.paths.container(id).directory), []);
  await free();
  assert.equal((await berth.containers.start(id)).state, 'running');
  await berth.containers.remove(id, { force: true });
});

test('an image can be removed when there is no room at all', { skip }, async () => {
  await mkdir(berth.paths.compileCache, { recursive: true });
  await writeFile(join(berth.paths.compileCache, 'module'), Buffer.alloc(100_000, 1));
  await fill(0);
  await berth.services.images.remove(berth.image, { force: true });
  assert.deepEqual(await berth.services.images.list(), []);
  await free();
});
