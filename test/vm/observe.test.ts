import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerProcess, ContainerStatistics } from '../../runtime-host/protocol/statistics.ts';
import { readUntil, startVmHarness, textOf, type VmHarness } from '../support/vmHarness.ts';

/*
 * What containers use, as Berth tells it and as the guest's and the host's kernels do; and what they give back.
 */

const mebibyte = 1024 ** 2;
const hour = 3_600_000;
let berth: VmHarness;
/** What the host believes the time of day to be. */
let shift = 0;
/** Most tests' container. */
let id: string;
let pid: number;
/** One that has filled its page cache, and is left alone until the end. */
let cached: { readonly id: string; readonly pid: number; readonly residentBytes: number };

before(async () => {
  const clocks = { wall: () => Date.now() + shift, steady: () => performance.now() };
  berth = await startVmHarness({}, undefined, { clocks, intervalMilliseconds: 200 });
  const [main, other] = await Promise.all([berth.background({ cpus: 2, memoryBytes: 384 * mebibyte }), berth.background()]);
  id = main.id;
  pid = main.vmPid!;
  await guest('dd if=/dev/urandom of=/cached bs=1M count=130 2>/dev/null; sync', other.id);
  cached = { id: other.id, pid: other.vmPid!, residentBytes: residentBytes(other.vmPid!) };
}, { timeout: 180_000 });
after(() => berth.stop());

/** Runs a script in a container and returns what it printed. */
async function guest(script: string, container = id): Promise<string> {
  const { exitCode, stdout, stderr } = await berth.exec(container, ['sh', '-c', script]);
  assert.equal(exitCode, 0, stderr);
  return stdout.trim();
}

const statistics = (): Promise<ContainerStatistics> => berth.services.statistics.statistics(id);

function residentBytes(process: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1]) * 1024;
}

/** What the container's overlay takes on the disk. */
function diskUsed(): number {
  return Number(execFileSync('du', ['-B1', berth.paths.container(id).overlay], { encoding: 'utf8' }).split('\t')[0]);
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

/** Waits for something that comes about by itself; the test's own limit is the limit. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(100);
}

test('random numbers are there from the first process on', async () => {
  const { stdout } = await berth.run(['sh', '-c', 'head -c 64 /dev/random | wc -c; cat /proc/sys/kernel/random/entropy_avail']);
  assert.equal(stdout, '64\n256\n');
});

test('processor time is what the guest’s processes used', async () => {
  const before = await statistics();
  // It prints its own clock ticks, user and system, of which there are 100 in a second.
  const ticks = Number(await guest('until [ "$sum" -ge 100 ] 2>/dev/null; do read -r line < /proc/self/stat; set -- $line; sum=$((${14} + ${15})); done; echo $sum'));
  const after = await statistics();
  const used = after.cpu.userMicroseconds + after.cpu.systemMicroseconds - before.cpu.userMicroseconds - before.cpu.systemMicroseconds;
  const elapsed = after.uptimeMicroseconds - before.uptimeMicroseconds;
  assert.ok(used >= ticks * 10_000 * 0.95, `${used} µs for ${ticks} ticks`);
  assert.ok(used <= elapsed * 2 && ticks * 10_000 <= elapsed, `${used} µs in ${elapsed} µs`);
  assert.equal(after.processors, 2);
});

test('memory and tasks are what /proc says, in the guest and on the host', async () => {
  const before = await statistics();
  const holder = await berth.containers.exec(id, { command: ['sh', '-c', 'dd if=/dev/zero bs=80000000 count=1 | sleep 1000'] });
  // The reader of the pipe does not read: dd stands with its buffer full.
  const resident = async (): Promise<number> => Number(await guest('cat /proc/$(pidof dd)/status 2>/dev/null | grep VmRSS | grep -o "[0-9]*"; true')) * 1024;
  await until(async () => (await resident()) > 80_000_000);
  const [during, inGuest] = [await statistics(), await resident()];
  near(during.memory.anonymousBytes - before.memory.anonymousBytes, inGuest, 4 * mebibyte);
  assert.ok(during.memory.usedBytes >= during.memory.anonymousBytes && during.memory.usedBytes <= during.memory.totalBytes);
  assert.ok(during.memory.peakBytes >= during.memory.totalBytes);
  // The shell counts itself; the kernel counts one that has just ended for a moment longer.
  const tasks = async (): Promise<number> => Number(await guest('set -- /proc/[0-9]*/task/*; echo $#')) - 1;
  await until(async () => (await statistics()).tasks === (await tasks()));
  near(during.host.memoryBytes, residentBytes(pid), 16 * mebibyte);
  assert.ok(during.host.memoryBytes > 80_000_000);
  const total = Number(await guest('grep MemTotal /proc/meminfo | grep -o "[0-9]*"')) * 1024;
  assert.ok(during.memory.limitBytes < total && during.memory.limitBytes > 0.8 * total, `${during.memory.limitBytes} of ${total}`);
  holder.close();
  await guest('killall dd; true');
  assert.ok(await berth.containers.inspect(id).then(({ state }) => state === 'running'));
});

test('what goes to the disk is counted, takes space on the host, and gives it back when it is deleted', async () => {
  const sectors = async (): Promise<number> => Number((await guest('grep " vda " /proc/diskstats')).split(/\s+/)[9]) * 512;
  const [before, sectorsBefore, spaceBefore] = [await statistics(), await sectors(), diskUsed()];
  await guest('dd if=/dev/urandom of=/file bs=1M count=48 2>/dev/null; sync');
  const [written, sectorsWritten] = [await statistics(), await sectors()];
  const counted = written.disk.writtenBytes - before.disk.writtenBytes;
  assert.ok(counted >= 48 * mebibyte);
  // The disk also has the journal, which nobody is charged for.
  near(counted, sectorsWritten - sectorsBefore, 4 * mebibyte);
  assert.equal(written.host.diskBytes, diskUsed());
  assert.ok(diskUsed() - spaceBefore >= 48 * mebibyte);
  await guest('rm /file; sync');
  await until(() => diskUsed() - spaceBefore < 4 * mebibyte);
});

test('all processes are listed, with what /proc knows of them in the container', async () => {
  const terminal = await berth.containers.exec(id, { command: ['sh', '-c', 'echo $$ $PPID; exec sleep 3333'], terminal: true, user: 'user' });
  const [own] = (await readUntil(terminal.stdout, /\d+ \d+\r\n/)).trim().split(' ').map(Number);
  const child = await berth.containers.exec(id, { command: ['sh', '-c', 'echo $$; sh -c "sleep 4444; true" "" "two words"; true'] });
  const parent = Number(await readUntil(child.stdout, /\d+\n/));
  await until(async () => (await guest('cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "')).includes('sleep 4444 '));
  const listed = await berth.services.statistics.processes(id);
  // All that a shell sees in there, which itself came later.
  const inside = (await guest('for p in /proc/[0-9]*; do n=${p#/proc/}; [ $n = $$ ] || echo $n; done')).split('\n').map(Number);
  const numbers = listed.map((process) => process.pid);
  assert.deepEqual(inside.filter((number) => !numbers.includes(number)), []);
  assert.deepEqual(listed.filter(({ parentPid }) => parentPid !== 0 && !numbers.includes(parentPid)), []);
  assert.equal(listed[0]?.pid, 1);
  assert.deepEqual(listed[0]?.command, ['sleep', '1000000']);
  const user = listed.find(({ pid }) => pid === own);
  assert.deepEqual([user?.user, user?.uid, user?.terminal, user?.parentPid, user?.name, user?.state], ['user', 1000, 'pts/0', 0, 'sleep', 'S']);
  near(Date.parse(user?.startedAt ?? ''), Date.now(), 60_000);
  const shell = listed.find(({ command }) => command.includes('two words') && command[0] === 'sh' && command[3] === '');
  assert.deepEqual([shell?.command, shell?.parentPid], [['sh', '-c', 'sleep 4444; true', '', 'two words'], parent]);
  assert.equal(listed.find(({ command }) => command.join(' ') === 'sleep 4444')?.parentPid, shell?.pid);
  await guest('killall sleep sh; true').catch(() => undefined);
  for (const streams of [terminal, child]) streams.close();
});

test('those who watch are told what is used, and of processes that come and go, until they stop or the container does', async () => {
  const { statistics: service } = berth.services;
  const short = await berth.background();
  const heard = { used: [] as (ContainerStatistics | undefined)[], processes: [] as (readonly ContainerProcess[] | undefined)[] };
  let wake: () => void = () => undefined;
  const heardThat = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => { wake = resolve; });
  };
  const sleeper = (processes: readonly ContainerProcess[] | undefined): number | undefined => processes?.find(({ command }) => command[1] === '5555')?.pid;
  const cpu = (statistics: ContainerStatistics | undefined): number => (statistics ? statistics.cpu.userMicroseconds + statistics.cpu.systemMicroseconds : 0);
  const used = await service.watchStatistics(short.id, (_id, statistics) => { heard.used.push(statistics); wake(); });
  const other = await service.watchStatistics(short.id, () => assert.fail('it has stopped'));
  other.stop();
  const processes = await service.watchProcesses(short.id, (_id, list) => { heard.processes.push(list); wake(); });
  assert.deepEqual(processes.latest.map(({ command }) => command), [['sleep', '1000000']]);
  await berth.containers.exec(short.id, { command: ['sleep', '5555'] });
  await heardThat(() => sleeper(heard.processes.at(-1)) !== undefined);
  await guest(`kill ${sleeper(heard.processes.at(-1)) ?? assert.fail()}`, short.id);
  await heardThat(() => heard.processes.length > 1 && sleeper(heard.processes.at(-1)) === undefined);
  await heardThat(() => cpu(heard.used.at(-1)) > cpu(used.latest));
  const traffic = (await guest('grep eth0: /proc/net/dev', short.id)).split(':')[1]?.trim().split(/\s+/).map(Number) ?? [];
  const { network } = await service.statistics(short.id);
  near(network?.receivedBytes ?? -1, traffic[0] ?? NaN, 10_000);
  near(network?.sentBytes ?? -1, traffic[8] ?? NaN, 10_000);
  await berth.services.containers.stop(short.id, { timeoutSeconds: 0 });
  await heardThat(() => heard.processes.at(-1) === undefined && heard.used.at(-1) === undefined);
  await assert.rejects(service.watchProcesses(short.id, () => undefined), { code: 'ContainerNotRunning' });
});

test('a process that wants too much memory is ended, is said to be, and nothing else is', async () => {
  const { memory } = await statistics();
  const hog = await berth.exec(id, ['tail', '-c', String(memory.limitBytes + 8_000_000), '/dev/zero']);
  assert.deepEqual([hog.exitCode, hog.oomKilled], [137, true]);
  const killed = await berth.exec(id, ['sh', '-c', 'kill -KILL $$']);
  assert.deepEqual([killed.exitCode, killed.oomKilled], [137, false]);
  assert.equal((await statistics()).oomKills, 1);
  assert.equal(await guest('echo well'), 'well');
});

test('a container of which a process was ended for want of memory says so, until it is started again', async () => {
  const command = ['sh', '-c', '[ -e /again ] && exec sleep 1000000; touch /again; tail -c $(($(cat /sys/fs/cgroup/memory.max) + 8000000)) /dev/zero; exit 3'];
  const finished = await berth.run(command, { keep: true, memoryBytes: 128 * mebibyte });
  assert.deepEqual([finished.exitCode, finished.oomKilled], [3, true]);
  assert.equal((await berth.containers.inspect(finished.id)).oomKilled, true);
  assert.match(readFileSync(berth.paths.container(finished.id).record, 'utf8'), /"oomKilled": ?true/);
  await berth.containers.start(finished.id);
  assert.equal((await berth.containers.inspect(finished.id)).oomKilled, undefined);
  await berth.containers.remove(finished.id, { force: true });
});

test('the guest’s clock follows the host’s when that is set', async () => {
  const difference = async (): Promise<number> => Number(await guest('date +%s')) * 1000 - Date.now();
  const at = async (wanted: number): Promise<boolean> => Math.abs((await difference()) - wanted) < 60_000;
  assert.ok(await at(0));
  shift = hour;
  await until(() => at(hour));
  shift = -hour;
  await until(() => at(-hour));
  shift = 0;
  await until(() => at(0));
  assert.ok(berth.log.some((line) => /its clock was set/.test(line)));
});

test('memory that a guest has used and freed goes back to the host', async () => {
  const before = residentBytes(pid);
  const { exitCode } = await berth.exec(id, ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=220M', 'count=1']);
  assert.equal(exitCode, 0);
  const most = Math.max(before, residentBytes(pid));
  await until(() => residentBytes(pid) < before + 40 * mebibyte);
  console.log(`# ${Math.round(before / mebibyte)} MiB, then ${Math.round(most / mebibyte)}, then ${Math.round(residentBytes(pid) / mebibyte)}`);
});

test('page cache that is not used goes back to the host', async () => {
  assert.ok(cached.residentBytes > 190 * mebibyte, 'it was filled');
  await until(() => residentBytes(cached.pid) < cached.residentBytes - 45 * mebibyte);
  // And nothing was lost by it.
  assert.equal(await guest('wc -c < /cached', cached.id), String(130 * mebibyte));
  await textOf((await berth.containers.exec(cached.id, { command: ['true'] })).stdout);
});
