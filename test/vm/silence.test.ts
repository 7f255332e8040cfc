import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { directory, characterDevice, file, newcArchive, type Entry } from '../../guest/vminitd/newc.mjs';
import { silentLogger } from '../../runtime-host/base/log.ts';
import { boots } from '../../runtime-host/vm/accelerator.ts';
import { findGuestAssets, guestDirectory } from '../../runtime-host/vm/guestAssets.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { findQemu, qemuVersion } from '../../runtime-host/vm/qemu.ts';
import { appeared, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/*
 * Whoever falls silent, at whatever moment: the host does not wait for ever, says what happened, and leaves nothing.
 * The host's own limits are generous; here they are short where somebody is known to say nothing.
 */

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

/** A program that passes for QEMU: it tells its version, and does `script` for the rest. */
async function qemuLike(name: string, script: string): Promise<string> {
  const program = join(berth.paths.home, name);
  await writeFile(program, `#!/bin/sh\n[ "$1" = --version ] && echo "QEMU emulator version 7.2.0" && exit\n${script}\n`);
  await chmod(program, 0o755);
  return program;
}

/** A guest directory with our kernel and these files. */
async function guestWith(name: string, entries: readonly Entry[]): Promise<string> {
  const place = join(berth.paths.home, name);
  await mkdir(place);
  for (const kernelFile of ['vmlinux.zst', 'kernel.json']) await copyFile(join(guestDirectory(), kernelFile), join(place, kernelFile));
  await writeFile(join(place, 'initramfs.cpio'), newcArchive(entries));
  return place;
}

const console = [directory('dev', 0o755), characterDevice('dev/console', 0o600, 5, 1)];

/** A start that fails with this message leaves the container as it was, and nothing else; the next start works. */
async function failsToStart(environment: NodeJS.ProcessEnv, boot: number, message: RegExp): Promise<void> {
  const { id } = await berth.create({ command: ['true'] });
  const host = await berth.otherHost(environment, { boot });
  await assert.rejects(host.start(id), { code: 'VmFailed', message });
  assert.equal((await host.inspect(id)).state, 'created');
  assert.deepEqual((await berth.leftovers([id])).filter((left) => left !== berth.paths.container(id).directory), []);
  await berth.containers.start(id);
  assert.deepEqual(await berth.containers.wait(id), { exitCode: 0 });
  await berth.containers.remove(id);
}

test('a QEMU that freezes before it listens', async () => {
  await failsToStart({ BERTH_QEMU: await qemuLike('frozen', 'kill -STOP $$') }, 1000, /did not boot within 1 seconds. It printed nothing. Start the container again/);
});

test('a QEMU that listens and never speaks', async () => {
  const program = join(import.meta.dirname, '..', 'support', 'silentQemu.mjs');
  await failsToStart({ BERTH_QEMU: await qemuLike('silent', `exec "${process.execPath}" "${program}" "$@"`) }, 3000, /did not boot within 3 seconds. It printed nothing/);
});

test('a QEMU that does not even tell its version', async () => {
  const program = join(berth.paths.home, 'speechless');
  await writeFile(program, '#!/bin/sh\nkill -STOP $$\n');
  await chmod(program, 0o755);
  await assert.rejects(qemuVersion(program, 300), { code: 'QemuMissing', message: /speechless could not be run/ });
});

test('a guest whose init never opens the control port', async () => {
  const guest = await guestWith('deaf', [file('init', 0o755, await readFile('/bin/busybox')), ...console]);
  await failsToStart({ BERTH_GUEST_DIR: guest }, 8000, /did not boot within 8 seconds. The last that it printed is “.*Please press Enter to activate this console/);
});

test('a guest whose kernel panics', async () => {
  await failsToStart({ BERTH_GUEST_DIR: await guestWith('empty', console) }, 120_000, /ended unexpectedly: it ended with status 0 \(.*Kernel panic - not syncing: .*\)/);
});

test('a guest whose init ends at once', async () => {
  await failsToStart({ BERTH_GUEST_DIR: await guestWith('brief', [file('init', 0o755, await readFile('/bin/true')), ...console]) }, 120_000, /ended unexpectedly: it ended with status 0 \(.*Kernel panic - not syncing: .*\)/);
});

test('a QEMU that is killed while the guest boots', async () => {
  const { id } = await berth.create({ command: ['true'] });
  const starting = berth.containers.start(id);
  const refused = assert.rejects(starting, { code: 'VmFailed', message: /ended unexpectedly: it was ended by SIGKILL|could not start the virtual machine: it was ended by SIGKILL/ });
  await appeared(berth.paths.container(id).directory, /^boot\.log$/);
  for (const pid of (await findProcesses([id])).values()) process.kill(pid, 'SIGKILL');
  await refused;
  assert.equal((await berth.containers.inspect(id)).state, 'created');
  await berth.containers.remove(id);
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a virtual machine that is frozen while it runs, and goes on', async () => {
  const host = await berth.otherHost({}, { answer: 1000 });
  const { id } = await host.create({ image: berth.image, command: ['sleep', '1000000'], cpus: 1, memoryBytes: 256 * 1024 * 1024 });
  const { vmPid } = await host.start(id);
  assert.ok(vmPid);
  process.kill(vmPid, 'SIGSTOP');
  const silent = { code: 'GuestFailed', message: /did not answer within 1 seconds/ };
  await Promise.all([assert.rejects(host.exec(id, { command: ['true'] }), silent), assert.rejects(host.signal(id, 'USR1'), silent)]);
  await assert.rejects(host.exec(id, { command: ['sleep', '4711'] }), silent);
  process.kill(vmPid, 'SIGCONT');
  // The guest takes the requests in their order, so by now it has started that one.
  const gone = await host.exec(id, { command: ['sh', '-c', 'while ps | grep -q "[s]leep 4711"; do sleep 0.1; done'] });
  assert.deepEqual(await gone.exit, { exitCode: 0 }, 'what was given up and started after all is ended');
  await host.dispose();
  const patient = await berth.otherHost();
  const streams = await patient.exec(id, { command: ['true'] });
  assert.deepEqual(await streams.exit, { exitCode: 0 });
  await patient.remove(id, { force: true });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a virtual machine that is found frozen by the next host is ended, and can be started again', async () => {
  const host = await berth.otherHost();
  const { id } = await host.create({ image: berth.image, command: ['sleep', '1000000'], cpus: 1, memoryBytes: 256 * 1024 * 1024 });
  const { vmPid } = await host.start(id);
  assert.ok(vmPid);
  await host.dispose();
  process.kill(vmPid, 'SIGSTOP');
  const next = await berth.otherHost({}, { adopt: 500 });
  const info = await next.inspect(id);
  assert.deepEqual([info.state, info.error?.code], ['stopped', 'VmFailed']);
  assert.match(info.error?.message ?? '', /did not answer any more and was ended/);
  assert.equal((await findProcesses([id])).size, 0);
  assert.equal((await next.start(id)).state, 'running');
  await next.remove(id, { force: true });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('the accelerator probe knows a guest that boots from one that does not, however fast it is, and leaves nothing', async () => {
  const program = await findQemu('x86_64', berth.environment);
  const context = { qemu: { program, version: await qemuVersion(program) }, assets: await findGuestAssets(berth.paths, berth.environment), paths: berth.paths, log: silentLogger, environment: berth.environment, notify: () => undefined };
  assert.equal(await boots('tcg', context, 60_000), true);
  const deaf = await findGuestAssets(berth.paths, { BERTH_GUEST_DIR: join(berth.paths.home, 'deaf') });
  assert.equal(await boots('tcg', { ...context, assets: deaf }, 500), false);
  const empty = await findGuestAssets(berth.paths, { BERTH_GUEST_DIR: join(berth.paths.home, 'empty') });
  assert.equal(await boots('tcg', { ...context, assets: empty }, 60_000), false);
  assert.equal(await boots('tcg', { ...context, qemu: { program: '/bin/false', version: '1' } }, 60_000), false);
  assert.deepEqual(await berth.leftovers([]), []);
  assert.equal((await findProcesses([join(berth.paths.runtime, 'probe-')])).size, 0);
});
