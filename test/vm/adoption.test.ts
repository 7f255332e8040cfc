import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, watch } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { ContainerSpec } from '../../runtime-host/protocol/types.ts';
import type { ContainerService } from '../../runtime-host/services/interfaces.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { checkOverlay } from '../support/checkDisks.ts';
import { appeared, collect, readUntil, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

interface HostProcess {
  readonly id: string;
  /** Ends it without giving it a chance to do anything. */
  kill(): Promise<void>;
}

/** Starts a host process that starts a container, and waits until it prints the given line. */
async function hostWith(spec: Partial<ContainerSpec> | null, until: string, environment: NodeJS.ProcessEnv = {}): Promise<HostProcess> {
  const whole = spec && { image: berth.image, cpus: 1, memoryBytes: 256 * 1024 * 1024, ...spec };
  const program = join(import.meta.dirname, '..', 'support', 'vmHostChild.ts');
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(whole)], { env: { ...berth.environment, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  if (!child.stdout) throw new Error('no output');
  let id = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('id ')) id = line.slice(3);
    if (line === until) break;
  }
  return {
    id,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function logOf(service: ContainerService, id: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of service.logs(id)) pieces.push(data);
  return Buffer.concat(pieces).toString();
}

/** Resolves when a file has grown to a size. */
function grown(path: string, size: number): Promise<void> {
  return changedUntil(path, async () => (await stat(path)).size >= size);
}

/** Resolves when a container's log holds a text. */
function logged(id: string, text: string): Promise<void> {
  const path = berth.paths.container(id).outputLog;
  return changedUntil(path, async () => (await readFile(path)).includes(text));
}

async function changedUntil(path: string, holds: () => Promise<boolean>): Promise<void> {
  const watcher = watch(path);
  try {
    const enough = new Promise<void>((resolve, reject) => {
      watcher.on('change', () => void holds().then((is) => void (is && resolve()), reject));
    });
    if (!(await holds())) await enough;
  } finally {
    watcher.close();
  }
}

function whyNoProbe(): string | false {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return 'no /dev/kvm: there is no probe to interrupt';
  }
}

function numbers(last: number): string {
  return Array.from({ length: last }, (_, index) => `${index + 1}\n`).join('');
}

test('output goes on without loss or doubling over hosts that are killed, and the status is the right one', async () => {
  const count = 500_000;
  const { id, kill } = await hostWith({ command: ['sh', '-c', `seq 1 ${count}; exit 9`] }, 'running');
  const log = berth.paths.container(id).outputLog;
  await grown(log, 100_000);
  await kill();
  for (const size of [800_000, 2_000_000]) {
    const next = await hostWith(null, 'adopted');
    await grown(log, size);
    await next.kill();
  }
  const host = await berth.otherHost();
  assert.deepEqual(await host.wait(id), { exitCode: 9 });
  assert.ok((await logOf(host, id)) === numbers(count), 'the log is the output');
  const info = await host.inspect(id);
  assert.deepEqual([info.state, info.exitCode, info.error], ['stopped', 9, undefined]);
  await host.remove(id);
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('an adopted container is as usable as before', async () => {
  const { id, kill } = await hostWith({ command: ['sh', '-c', 'echo kept > /kept; read line; echo "got $line"; cat'], stdin: true, name: 'adopted', volumes: [{ volume: 'adopted', target: '/v', readOnly: false }] }, 'running');
  await kill();
  const host = await berth.otherHost();
  const info = await host.inspect('adopted');
  assert.equal(info.state, 'running');
  assert.ok(info.vmPid);
  const streams = await host.attach(id, { replay: true });
  streams.stdin.write('this\n');
  await readUntil(streams.stdout, /got this\n/);
  const inside = await collect(id, await host.exec(id, { command: ['sh', '-c', 'cat /kept; cat; exit 4'], stdin: true }), 'beside');
  assert.deepEqual([inside.stdout, inside.exitCode], ['kept\nbeside', 4]);
  const rival = await host.create({ image: berth.image, command: ['true'], cpus: 1, memoryBytes: 256 * 1024 ** 2, volumes: [{ volume: 'adopted', target: '/v', readOnly: true }] });
  await assert.rejects(host.start(rival.id), { code: 'VolumeInUse', message: /written by container “adopted”/ });
  const stopped = await host.stop(id, { timeoutSeconds: 1 });
  await host.start(rival.id);
  await host.remove(rival.id, { force: true });
  assert.equal(stopped.state, 'stopped');
  assert.equal(stopped.vmPid, undefined);
  await checkOverlay(berth.paths.container(id).overlay, join(berth.paths.home, 'raw'));
  assert.equal((await host.start(id)).state, 'running');
  await host.remove(id, { force: true });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a process that ended while no host was there has its status and its last output', async () => {
  const { id, kill } = await hostWith({ command: ['sh', '-c', 'read line; echo last words; exit 6'], stdin: true }, 'running');
  await kill();
  const brief = await berth.otherHost();
  const streams = await brief.attach(id);
  await new Promise<void>((resolve) => streams.stdin.write('go\n', () => resolve()));
  await brief.dispose();
  const host = await berth.otherHost();
  assert.deepEqual(await host.wait(id), { exitCode: 6 });
  assert.equal(await logOf(host, id), 'last words\n');
  await host.remove(id);
});

test('a shell whose client and host are gone is hung up by the next host, and other processes go on', async () => {
  const first = await berth.otherHost();
  const { id } = await first.create({ image: berth.image, command: ['sleep', '1000'], cpus: 1, memoryBytes: 256 * 1024 * 1024 });
  await first.start(id);
  const script = (name: string): string => `trap "echo hung > /${name}.hung; exit" HUP; echo up; while :; do sleep 0.1; done`;
  for (const [name, hangUp] of [['shell', true], ['worker', false]] as const) {
    const { stdout } = await first.exec(id, { command: ['sh', '-c', script(name)], hangUp });
    await readUntil(stdout, /up/);
  }
  await first.dispose(); // Like its death, this tells the guest nothing.
  const next = await berth.otherHost();
  const seen = await collect(id, await next.exec(id, { command: ['sh', '-c', 'until [ -e /shell.hung ]; do sleep 0.1; done; ls / | grep hung; ps | grep -c [w]orker.hung'] }));
  assert.equal(seen.stdout, 'shell.hung\n1\n');
  await next.remove(id, { force: true });
  await next.dispose();
});

test('whoever starts a process while the first one is killed succeeds or hears that it has ended', async () => {
  const host = await berth.otherHost();
  const { id } = await host.create({ image: berth.image, command: ['sleep', '1000'], cpus: 1, memoryBytes: 256 * 1024 * 1024 });
  for (let turn = 0; turn < 3; turn++) {
    await host.start(id);
    const starts = Array.from({ length: 8 }, (_, index) => host.exec(id, { command: ['true'] }).then(({ exit }) => exit, (error: unknown) => error).then((outcome) => [index, outcome] as const));
    await host.signal(id, 'KILL');
    for (const [, outcome] of await Promise.all(starts)) {
      if (outcome instanceof Error) assert.equal((outcome as Error & { code?: string }).code, 'ContainerNotRunning', String(outcome));
    }
    await host.wait(id);
  }
  await host.remove(id);
  await host.dispose();
});

test('a virtual machine that died with its host is reported, and can be started again', async () => {
  const churn = '[ -e /kept ] || echo kept > /kept; sync; echo synced; i=0; while :; do i=$((i+1)); echo $i > /churn$i; done';
  const { id, kill } = await hostWith({ command: ['sh', '-c', churn] }, 'running');
  await logged(id, 'synced');
  await kill();
  const [pid] = (await findProcesses([id])).values();
  assert.ok(pid);
  process.kill(pid, 'SIGKILL');
  const host = await berth.otherHost();
  const info = await host.inspect(id);
  assert.deepEqual([info.state, info.error?.code], ['stopped', 'VmFailed']);
  await checkOverlay(berth.paths.container(id).overlay, join(berth.paths.home, 'raw'));
  assert.equal((await host.start(id)).state, 'running');
  assert.equal((await collect(id, await host.exec(id, { command: ['cat', '/kept'] }))).stdout, 'kept\n');
  await host.remove(id, { force: true });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a start that the host’s death interrupted leaves no virtual machine, and can be made again', async () => {
  const { id, kill } = await hostWith({ command: ['sleep', '1000'] }, 'starting');
  await kill();
  const host = await berth.otherHost();
  assert.ok(['created', 'stopped'].includes((await host.inspect(id)).state));
  assert.equal((await findProcesses([id])).size, 0);
  assert.equal((await host.start(id)).state, 'running');
  await host.remove(id, { force: true });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a container that was to be removed at its end is removed when it is found ended', async () => {
  const { id, kill } = await hostWith({ command: ['sleep', '1000'], removeOnExit: true }, 'running');
  await kill();
  const [pid] = (await findProcesses([id])).values();
  process.kill(pid ?? 0, 'SIGKILL');
  const host = await berth.otherHost();
  await assert.rejects(host.inspect(id), { code: 'ContainerNotFound' });
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('an accelerator probe that the host’s death interrupted leaves nothing', { skip: whyNoProbe() }, async () => {
  const probe = appeared(berth.paths.runtime, /^probe-/);
  const { id, kill } = await hostWith({ command: ['true'] }, 'starting', { BERTH_ACCEL: '' });
  const directory = await probe;
  await appeared(directory, /^boot\.log$/);
  await kill();
  const host = await berth.otherHost();
  assert.equal((await findProcesses([directory])).size, 0);
  assert.equal(existsSync(directory), false);
  await host.remove(id);
  assert.deepEqual(await berth.leftovers([id]), []);
});

test('a kernel that was just being unpacked is cleared away', async () => {
  const [sha256 = ''] = await readdir(berth.paths.kernels);
  const directory = join(berth.paths.kernels, sha256);
  await writeFile(join(directory, 'vmlinux.0123456789ab.tmp'), 'half');
  await berth.otherHost();
  assert.deepEqual(await readdir(directory), ['vmlinux']);
});

test('an exit status that was known before the host’s death is the container’s', async () => {
  const { id } = await berth.create({ command: ['true'] });
  const { record } = berth.paths.container(id);
  // As it is between the end of the process and that of its machine.
  await writeFile(record, JSON.stringify({ ...(JSON.parse(await readFile(record, 'utf8')) as object), state: 'running', exitCode: 3 }));
  const host = await berth.otherHost();
  const info = await host.inspect(id);
  assert.deepEqual([info.state, info.exitCode, info.error], ['stopped', 3, undefined]);
  await host.remove(id);
});

test('a container that cannot be read keeps nobody from the others, and what may be its own stays', async () => {
  const { id } = await berth.background();
  const { record, sockets } = berth.paths.container(id);
  const disk = berth.paths.disk('of-nobody-known');
  await writeFile(disk, '');
  await rm(record);
  await mkdir(record); // Unreadable, even for root.
  const host = await berth.otherHost();
  await assert.rejects(host.inspect(id), { code: 'ContainerNotFound' });
  assert.match(berth.log.join(''), /passed over/);
  assert.ok(existsSync(sockets) && existsSync(disk));
  assert.equal((await berth.exec(id, ['echo', 'alive'])).stdout, 'alive\n');
  await rmdir(record);
  await berth.containers.remove(id, { force: true });
  await berth.otherHost();
  assert.ok(!existsSync(disk), 'with all containers known it is nobody’s');
});

test('a damaged record does not keep the host from starting', async () => {
  const { id } = await berth.create({ command: ['true'] });
  await writeFile(berth.paths.container(id).record, 'garbage');
  const host = await berth.otherHost();
  await assert.rejects(host.inspect(id), { code: 'ContainerNotFound' });
  assert.match(berth.log.join(''), /record is damaged/);
});
