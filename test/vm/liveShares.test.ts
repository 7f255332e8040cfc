import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import { appeared, collect, readUntil, startVmHarness, textOf, type Finished, type VmHarness } from '../support/vmHarness.ts';

/* Directories that come and go while a container runs. What the server of one refuses is tested in runtime-host/shared. */

let berth: VmHarness;
let folder: string;
/** Most tests' container. */
let id: string;

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'live-')));
  await mkdir(join(folder, 'home/.ssh'), { recursive: true });
  berth = await startVmHarness({ HOME: join(folder, 'home') });
  ({ id } = await berth.background());
}, { timeout: 180_000 });
after(async () => {
  await berth.stop();
  await rm(folder, { recursive: true, force: true });
});

async function newFolder(name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  await mkdir(join(folder, name));
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, name, file), content);
  return join(folder, name);
}

const sh = (script: string, container = id): Promise<Finished> => berth.exec(container, ['sh', '-c', script]);
const share = (source: string, target: string, readOnly = false, container = id): Promise<unknown> => berth.services.shares.share(container, { source, target, readOnly });
const unshare = (target: string, container = id): Promise<unknown> => berth.services.shares.unshare(container, target);

/** Process id of the program that serves a directory. */
async function serverOf(source: string): Promise<number | undefined> {
  const argument = `--root=${source}`;
  return (await findProcesses([argument])).get(argument);
}

test('a directory appears in a running container, and is read and written on both sides', async () => {
  const source = await newFolder('work', { file: 'from the host\n' });
  await share(source, '/new/place');
  const script = 'cd /new/place && cat file && mkdir -p a/b && seq 1 20000 > a/b/numbers && ln -s numbers a/b/link && ln a/b/numbers a/hard && mv file moved && chmod 640 moved && mkfifo pipe && stat -c %u moved a';
  const { exitCode, stdout, stderr } = await sh(script);
  assert.deepEqual([exitCode, stderr, stdout], [0, '', 'from the host\n0\n0\n']);
  assert.equal((await readFile(join(source, 'a/b/link'), 'utf8')).length, 108_894);
  assert.deepEqual([(await stat(join(source, 'moved'))).mode & 0o777, (await stat(join(source, 'a/hard'))).nlink], [0o640, 2]);
  await writeFile(join(source, 'moved'), 'changed\n');
  assert.equal((await sh('cat /new/place/moved')).stdout, 'changed\n', 'the host’s changes are seen at once');
  assert.deepEqual((await berth.containers.inspect(id)).mounts, [{ source, target: '/new/place', readOnly: false, revocable: true }]);
  // Files belong to whoever looks, and who owns them on the host is who owns the directory.
  const user = await berth.exec(id, ['sh', '-c', 'id -u; stat -c %u /new/place/moved; echo mine > /new/place/mine; rm /new/place/moved'], { user: '1000:1000' });
  assert.deepEqual([user.exitCode, user.stdout], [0, '1000\n1000\n'], user.stderr);
  assert.equal((await stat(join(source, 'mine'))).uid, (await stat(source)).uid);
});

test('random reads and writes, mappings and many files are what the host sees', async () => {
  const source = await newFolder('data');
  await share(source, '/data');
  const content = randomBytes(3_000_000);
  await writeFile(join(source, 'in'), content);
  const { stdout } = await sh('cd /data && dd if=in bs=100003 2>/dev/null | sha256sum && dd if=in of=out bs=100003 2>/dev/null && dd if=in of=out bs=4567 skip=100 seek=37 count=50 conv=notrunc 2>/dev/null && sync && dd if=in bs=10001 skip=7 count=150 2>/dev/null | sha256sum');
  const sum = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  assert.deepEqual(stdout.match(/[0-9a-f]{64}/g), [sum(content), sum(content.subarray(7 * 10_001, 157 * 10_001))]);
  const expected = Buffer.from(content);
  content.copy(expected, 37 * 4567, 100 * 4567, 150 * 4567);
  assert.equal(sum(await readFile(join(source, 'out'))), sum(expected));
  await mkdir(join(source, 'many'));
  const names = Array.from({ length: 1500 }, (_, index) => `${index}-${'n'.repeat(index % 100)}`);
  for (const name of names) await writeFile(join(source, 'many', name), '');
  const listed = await sh('cd /data/many && printf "%s\\n" * | LC_ALL=C sort | sha256sum; rm 1-* 2-* 3-*; printf "%s\\n" * | wc -l');
  assert.equal(listed.stdout.split(' ')[0], sum(Buffer.from(`${names.sort().join('\n')}\n`)));
  assert.equal(Number(listed.stdout.split('\n')[1]), 1497);
  assert.equal((await readdir(join(source, 'many'))).length, 1497);
  await unshare('/data');
});

test('read only is the host’s decision, and links lead nowhere on the host', async () => {
  const outside = await newFolder('outside', { secret: 'secret' });
  const source = await newFolder('fixed', { file: 'fixed' });
  await symlink(join(outside, 'secret'), join(source, 'absolute'));
  await symlink('../outside/secret', join(source, 'relative'));
  await share(source, '/fixed', true);
  const { stdout } = await sh('cd /fixed; cat file; touch new; rm file; echo x > file; chmod 777 file; mount -o remount,rw /fixed; touch new; cat absolute relative; ls ..  | grep outside');
  assert.equal(stdout, 'fixed');
  assert.deepEqual(await readdir(source), ['absolute', 'file', 'relative']);
  await unshare('/fixed');
});

test('what is taken away gives errors, also to who has it open, and is gone from the container', async () => {
  const source = await newFolder('secrets', { big: 'x'.repeat(1_000_000) });
  await share(source, '/secrets');
  const other = await newFolder('other', { kept: 'kept' });
  await share(other, '/other');
  const open = await berth.containers.exec(id, { command: ['sh', '-c', 'cd /secrets && exec 3<big 4>>big && head -c 10 <&3 >/dev/null && echo ready && read line; cat <&3 >/dev/null || echo no reading; echo more >&4 || echo no writing; ls . || echo no listing'], stdin: true });
  const busy = await berth.containers.exec(id, { command: ['sh', '-c', 'echo ready; while cat /secrets/big > /dev/null; do :; done; echo over'] });
  await Promise.all([readUntil(open.stdout, /ready/), readUntil(busy.stdout, /ready/)]);
  const server = await serverOf(source);
  assert.ok(server);
  await unshare('/secrets');
  assert.equal(await serverOf(source), undefined);
  open.stdin.end('\n');
  const [finished, stopped] = await Promise.all([collect(id, open), collect(id, busy)]);
  assert.equal(finished.stdout.replace(/.*ready\n/, ''), 'no reading\nno writing\nno listing\n', finished.stderr);
  assert.match(stopped.stdout, /over/);
  const after = await sh('ls -A /secrets; grep -c secrets /proc/mounts; cat /other/kept');
  assert.equal(after.stdout, '0\nkept', 'an empty place is left, and the other directory');
  await writeFile(join(source, 'big'), 'again');
  await share(source, '/secrets', true);
  assert.equal((await sh('cat /secrets/big')).stdout, 'again');
  await unshare('/secrets');
  await unshare('/other');
});

test('a server that is killed is replaced', async () => {
  const source = await newFolder('served', { file: 'served' });
  await share(source, '/served');
  const server = await serverOf(source);
  process.kill(server!, 'SIGKILL');
  assert.equal((await sh('until cat /served/file 2>/dev/null; do :; done')).stdout, 'served');
  assert.notEqual(await serverOf(source), server);
  await unshare('/served');
});

test('a directory that vanishes on the host gives errors and ends nothing', async () => {
  const source = await newFolder('vanishing', { file: 'x' });
  await share(source, '/vanishing');
  await rm(source, { recursive: true });
  const { exitCode, stdout } = await sh('cat /vanishing/file; ls /vanishing; echo x > /vanishing/new; echo alive');
  assert.deepEqual([exitCode, stdout], [0, 'alive\n']);
  await unshare('/vanishing');
});

test('what may not be shared is refused', async () => {
  await assert.rejects(share(join(folder, 'home/.ssh'), '/keys'), { code: 'FolderProtected' });
  await assert.rejects(share(join(folder, 'nothing'), '/x'), { code: 'FolderInvalid' });
  await assert.rejects(share(await newFolder('taken'), '/new/place'), { code: 'InvalidArgument' });
  await assert.rejects(unshare('/nowhere'), { code: 'InvalidArgument' });
});

test('after a stop and a start it is there before the first process, below another directory, too; and a revoked grant is not', async () => {
  const workspace = await newFolder('app');
  const granted = await newFolder('granted', { file: 'granted' });
  const { grants } = berth.services;
  const grant = await grants.decide({ workspace, path: granted, readOnly: false, decision: 'always' });
  const mounts = [{ source: workspace, target: '/work', readOnly: false }, { source: granted, target: '/work/granted', readOnly: false, revocable: true }];
  const { id: app } = await berth.create({ command: ['sh', '-c', 'cat /work/granted/file; sleep 1000000'], mounts, labels: { [workspaceLabel]: workspace } });
  for (const run of [1, 2]) {
    const attached = await berth.containers.attach(app, { start: true });
    assert.match(await readUntil(attached.stdout, /granted/), /granted/, `run ${run}`);
    attached.close();
    await sh('echo more >> /work/granted/file', app);
    if (run === 1) await berth.containers.stop(app, { timeoutSeconds: 0 });
  }
  assert.equal(await readFile(join(granted, 'file'), 'utf8'), 'grantedmore\nmore\n');
  assert.deepEqual(grants.list().find((one) => one.id === grant.id)?.containers, [app]);
  await grants.revoke(grant.id);
  assert.equal((await sh('ls -A /work/granted', app)).stdout, '');
  assert.deepEqual((await berth.containers.inspect(app)).mounts.length, 1);
  await assert.rejects(unshare('/work', app), { code: 'ContainerRunning' });
  await berth.containers.remove(app, { force: true });
});

test('when the host is killed, the next one brings the directory back; who had it open gets errors', async () => {
  const source = await newFolder('survives', { file: 'survives' });
  const program = join(import.meta.dirname, '..', 'support', 'vmHostChild.ts');
  const mounts = [{ source, target: '/survives', readOnly: false, revocable: true }];
  const spec = { image: berth.image, cpus: 1, memoryBytes: 256 * 1024 * 1024, mounts, command: ['sh', '-c', 'exec 3</survives/file; echo > /survives/opened; until cat /survives/file && ! cat <&3; do :; done >/dev/null 2>&1; echo back; sleep 1000000'] };
  const host = spawn(process.execPath, [program, JSON.stringify(spec)], { env: berth.environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(host, 'exit');
  let app = '';
  for await (const line of createInterface({ input: host.stdout })) {
    if (line.startsWith('id ')) app = line.slice(3);
    if (line === 'running') break;
  }
  await appeared(source, /^opened$/);
  host.kill('SIGKILL');
  await exited;
  const next = await berth.otherHost();
  const attached = await next.attach(app, { replay: true });
  await readUntil(attached.stdout, /back/);
  attached.close();
  assert.equal(await textOf((await next.exec(app, { command: ['cat', '/survives/file'] })).stdout), 'survives');
  await next.stop(app, { timeoutSeconds: 0 });
  await next.remove(app);
  await next.dispose();
  assert.equal(await serverOf(source), undefined);
});
