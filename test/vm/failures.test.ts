import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rm, rmdir, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { guestDirectory } from '../../runtime-host/vm/guestAssets.ts';
import { checkOverlay } from '../support/checkDisks.ts';
import { appeared, collect, readUntil, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

const run = promisify(execFile);
let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

test('a QEMU that is killed is reported, and the container’s disk survives', async () => {
  const { id } = await berth.create({ command: ['sh', '-c', '[ -e /kept ] || echo kept > /kept; sync; echo synced; i=0; while :; do i=$((i+1)); echo $i > /churn$i; done'] });
  const streams = await berth.containers.attach(id, { start: true });
  await readUntil(streams.stdout, /synced/);
  const { vmPid } = await berth.containers.inspect(id);
  process.kill(vmPid ?? 0, 'SIGKILL');
  await assert.rejects(streams.exit, { code: 'VmFailed', message: /ended unexpectedly: it was ended by SIGKILL/ });
  const info = await berth.containers.inspect(id);
  assert.equal(info.state, 'stopped');
  assert.equal(info.error?.code, 'VmFailed');
  assert.match(berth.log.join(''), /virtual machine failed[^]*"console":/);
  await checkOverlay(berth.paths.container(id).overlay, join(berth.paths.home, 'raw'));
  await berth.containers.start(id);
  assert.equal((await berth.exec(id, ['cat', '/kept'])).stdout, 'kept\n');
  await berth.containers.remove(id, { force: true });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('whoever talks to a container whose QEMU is killed is told so', async () => {
  const { id, vmPid } = await berth.background();
  const beside = await berth.containers.exec(id, { command: ['sh', '-c', 'echo up; sleep 1000'] });
  await readUntil(beside.stdout, /up/);
  process.kill(vmPid ?? 0, 'SIGKILL');
  const failure = { code: 'VmFailed', message: /ended unexpectedly: it was ended by SIGKILL/ };
  await Promise.all([
    assert.rejects(berth.containers.exec(id, { command: ['true'] }), failure),
    assert.rejects(berth.containers.signal(id, 'TERM'), failure),
    assert.rejects(beside.exit, failure),
  ]);
  await assert.rejects(berth.containers.exec(id, { command: ['true'] }), { code: 'ContainerNotRunning' });
  await berth.containers.remove(id, { force: true });
});

test('a container whose image’s disk was cut short gets it back with its own files', async () => {
  const { id } = await berth.create({ command: ['sh', '-c', 'echo once >> /kept; cat /kept'] });
  await collect(id, await berth.containers.attach(id, { start: true }));
  const { path } = await berth.services.disks.ensure(berth.image);
  await chmod(path, 0o600);
  await truncate(path, 9_000_000);
  const { exitCode, stdout } = await collect(id, await berth.containers.attach(id, { start: true }));
  assert.deepEqual([exitCode, stdout], [0, 'once\nonce\n']);
  await berth.containers.remove(id);
});

test('after an orderly end the disk is clean without replaying its journal', async () => {
  const { id } = await berth.create({ command: ['sh', '-c', 'seq 1 100000 > /numbers'] });
  await collect(id, await berth.containers.attach(id, { start: true }));
  const raw = join(berth.paths.home, 'raw');
  await run('qemu-img', ['check', berth.paths.container(id).overlay]);
  await run('qemu-img', ['convert', '-O', 'raw', berth.paths.container(id).overlay, raw]);
  await run('e2fsck', ['-fn', raw]);
  const { stdout } = await run('dumpe2fs', ['-h', raw]);
  assert.doesNotMatch(stdout, /needs_recovery/);
  await rm(raw);
  await berth.containers.remove(id);
});

test('without QEMU: what to install, and the container stays', async () => {
  const { id } = await berth.create({ command: ['true'] });
  const empty = join(berth.paths.home, 'empty');
  await mkdir(empty);
  const bare = await berth.otherHost({ PATH: empty });
  await assert.rejects(bare.start(id), { code: 'QemuMissing', message: /qemu-system-.*not found in PATH.*apt install/ });
  const wrong = await berth.otherHost({ BERTH_QEMU: join(empty, 'no') });
  await assert.rejects(wrong.start(id), { code: 'QemuMissing', message: /BERTH_QEMU/ });
  const liar = join(empty, 'liar');
  await writeFile(liar, '#!/bin/sh\necho cake\n');
  await chmod(liar, 0o755);
  await assert.rejects((await berth.otherHost({ BERTH_QEMU: liar })).start(id), { code: 'QemuMissing', message: /is not QEMU/ });
  await symlink('/bin/false', join(empty, 'qemu-system-x86_64'));
  await assert.rejects((await berth.otherHost({ PATH: empty })).start(id), { code: 'QemuMissing' });
  assert.equal((await bare.inspect(id)).state, 'created');
  assert.deepEqual((await berth.leftovers([id])).filter((left) => !left.endsWith(id)), []);
  await berth.containers.remove(id);
});

test('a QEMU that ends at once is reported with its own words', async () => {
  const { id } = await berth.create({ command: ['true'] });
  const program = join(berth.paths.home, 'broken-qemu');
  await writeFile(program, '#!/bin/sh\n[ "$1" = --version ] && echo "QEMU emulator version 9.9.9" && exit 0\necho "the moon is in the wrong phase" >&2\nexit 3\n');
  await chmod(program, 0o755);
  await assert.rejects((await berth.otherHost({ BERTH_QEMU: program })).start(id), { code: 'VmFailed', message: /the moon is in the wrong phase/ });
  await berth.containers.remove(id);
});

test('without the kernel, or with a damaged one: what is missing, and nothing half-made', async () => {
  const { id } = await berth.create({ command: ['true'] });
  const assets = join(berth.paths.home, 'assets');
  await mkdir(assets);
  const start = async (): Promise<unknown> => (await berth.otherHost({ BERTH_GUEST_DIR: assets })).start(id);
  const refused = { code: 'KernelMissing', message: /npm run build:guest/ };
  await assert.rejects(start(), refused);
  await copyFile(join(guestDirectory(), 'initramfs.cpio'), join(assets, 'initramfs.cpio'));
  await writeFile(join(assets, 'kernel.json'), '{}');
  await assert.rejects(start(), refused);
  const sha256 = '0'.repeat(64);
  await writeFile(join(assets, 'kernel.json'), JSON.stringify({ kernelRelease: '6.0', vmlinuxSha256: sha256 }));
  await assert.rejects(start(), refused);
  await copyFile(join(guestDirectory(), 'vmlinux.zst'), join(assets, 'vmlinux.zst'));
  await assert.rejects(start(), { code: 'KernelMissing', message: /damaged/ });
  await writeFile(join(assets, 'vmlinux.zst'), 'not zstd');
  await assert.rejects(start(), refused);
  assert.ok(!(await readdir(berth.paths.kernels)).includes(sha256));
  await berth.containers.remove(id);
});

test('the accelerator is found out by booting, and remembered; that it is emulation is told once', async () => {
  const notices: string[] = [];
  const once = async (): Promise<string | undefined> => {
    const service = await berth.otherHost({ BERTH_ACCEL: '' });
    service.onNotice((message) => notices.push(message));
    const { id } = await service.create({ image: berth.image, command: ['true'], memoryBytes: 256 * 1024 * 1024, cpus: 1 });
    await service.start(id);
    await service.wait(id);
    await service.remove(id);
    return service.accelerator;
  };
  const accelerator = await once();
  assert.ok(accelerator === 'kvm' || accelerator === 'tcg');
  const remembered = await stat(berth.paths.acceleratorProbe);
  assert.equal(notices.length, accelerator === 'tcg' ? 1 : 0);
  assert.equal(await once(), accelerator);
  assert.equal((await stat(berth.paths.acceleratorProbe)).mtimeMs, remembered.mtimeMs);
  assert.equal(notices.length, accelerator === 'tcg' ? 1 : 0);
  assert.ok(!(await readdir(berth.paths.runtime)).some((entry) => entry.startsWith('probe')));
  const { id } = await berth.create({ command: ['true'] });
  await assert.rejects((await berth.otherHost({ BERTH_ACCEL: 'warp' })).start(id), { code: 'InvalidArgument', message: /BERTH_ACCEL/ });
  await berth.containers.remove(id);
});

test('a start can be cancelled while the machine boots', async () => {
  const { id } = await berth.create({ command: ['true'] });
  const { directory } = berth.paths.container(id);
  for (const moment of [() => Promise.resolve(''), () => appeared(directory, /^root\.qcow2$/), () => appeared(directory, /^boot\.log$/)]) {
    const cancel = new AbortController();
    const starting = berth.containers.start(id, { signal: cancel.signal });
    void moment().then(() => cancel.abort());
    await assert.rejects(starting, { code: 'Cancelled' });
    assert.equal((await berth.containers.inspect(id)).state, 'created');
    assert.deepEqual((await berth.leftovers([id])).filter((left) => left !== directory), []);
  }
  await berth.containers.start(id);
  await berth.containers.wait(id);
  await berth.containers.remove(id);
});

test('a guest whose kernel panics while it runs is reported with its last words, now and later', async () => {
  berth.pardonInBootLogs(/Kernel panic - not syncing: sysrq triggered crash|Call Trace/);
  const { id } = await berth.create({ command: ['sleep', '1000'], privileged: true });
  const streams = await berth.containers.attach(id, { start: true });
  const trigger = await berth.containers.exec(id, { command: ['sh', '-c', 'echo c > /proc/sysrq-trigger'], privileged: true });
  await Promise.all([
    assert.rejects(trigger.exit, { code: 'VmFailed' }),
    assert.rejects(streams.exit, (error: unknown) => {
      assert.ok(error instanceof BerthError && error.code === 'VmFailed', String(error));
      assert.match(error.message, /ended unexpectedly: it ended with status 0 \(.*Kernel panic - not syncing: sysrq triggered crash\)/);
      assert.match(String(error.data?.['console']), /sysrq: Trigger a crash[^]*Kernel panic/);
      return true;
    }),
  ]);
  const { state, error } = await berth.containers.inspect(id);
  assert.equal(state, 'stopped');
  assert.match(error?.console ?? '', /Kernel panic/);
  await assert.rejects(berth.containers.wait(id), (thrown: unknown) => thrown instanceof BerthError && /Kernel panic/.test(String(thrown.data?.['console'])));
  await berth.containers.remove(id);
});

/** A control group with 24 MiB for whoever is put into it. */
async function smallGroup(): Promise<{ readonly directory: string; readonly whyNot: string | false }> {
  const [directory, limit] = existsSync('/sys/fs/cgroup/memory') ? ['/sys/fs/cgroup/memory/berth-test', 'memory.limit_in_bytes'] : ['/sys/fs/cgroup/berth-test', 'memory.max'];
  try {
    await mkdir(directory);
    await writeFile(join(directory, limit), String(24 * 1024 * 1024));
    return { directory, whyNot: false };
  } catch (error) {
    await rmdir(directory).catch(() => undefined);
    return { directory, whyNot: `there can be no control group: ${String(error)}` };
  }
}

test('a QEMU that the kernel kills for want of memory is reported as that', async (t) => {
  const { directory, whyNot } = await smallGroup();
  if (whyNot) return t.skip(whyNot);
  const { id } = await berth.create({ command: ['sh', '-c', 'echo ready; read go; dd if=/dev/zero of=/dev/null bs=100M count=1; sleep 1000'], stdin: true });
  const streams = await berth.containers.attach(id, { start: true });
  await readUntil(streams.stdout, /ready/);
  await writeFile(join(directory, 'cgroup.procs'), String((await berth.containers.inspect(id)).vmPid));
  streams.stdin.write('go\n');
  await assert.rejects(streams.exit, { code: 'VmFailed', message: /ended unexpectedly: this machine ran out of memory and its kernel killed it\. Close other programs/ });
  await rmdir(directory);
  await berth.containers.remove(id);
  assert.deepEqual(await berth.leftovers([id]), []);
});
