import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

let berth: VmHarness;
let folder: string;
/** Of the user, as far as the host knows. */
let home: string;
before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'share-')));
  home = await newFolder('home');
  berth = await startVmHarness({ HOME: home });
}, { timeout: 120_000 });
after(async () => {
  await berth.stop();
  await rm(folder, { recursive: true, force: true });
});

async function newFolder(name: string): Promise<string> {
  await mkdir(join(folder, name));
  return join(folder, name);
}

test('a shared folder is read and written on both sides, and is whole on the host when the container has ended', async () => {
  const source = await newFolder('work, space');
  await writeFile(join(source, 'from-host'), 'hello from the host\n');
  const script = 'cat from-host; mkdir -p deep/er; seq 1 50000 > deep/er/numbers; ln -s numbers deep/er/link; chmod 640 deep/er/numbers; mv from-host moved';
  const { exitCode, stdout, stderr } = await berth.run(['sh', '-c', script], { workingDirectory: '/workspaces/my project', mounts: [{ source, target: '/workspaces/my project', readOnly: false }] });
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
  assert.equal(stdout, 'hello from the host\n');
  assert.equal((await readFile(join(source, 'deep/er/numbers'), 'utf8')).length, 288_894);
  assert.equal((await stat(join(source, 'deep/er/numbers'))).mode & 0o777, 0o640);
  assert.ok((await lstat(join(source, 'deep/er/link'))).isSymbolicLink());
  assert.equal(await readFile(join(source, 'moved'), 'utf8'), 'hello from the host\n');
});

test('a read-only folder cannot be written, whatever the guest tries', async () => {
  const source = await newFolder('fixed');
  await writeFile(join(source, 'file'), 'fixed');
  const script = 'cat file; touch new; rm file; echo x > file; chmod 777 file; mount -o remount,rw /data; touch new2; ls';
  const { stdout } = await berth.run(['sh', '-c', script], { workingDirectory: '/data', mounts: [{ source, target: '/data', readOnly: true }] });
  assert.equal(stdout, 'fixedfile\n');
  assert.equal(await readFile(join(source, 'file'), 'utf8'), 'fixed');
});

test('what the host changes while the container runs is seen in it', async () => {
  const source = await newFolder('live');
  const { id } = await berth.background({ mounts: [{ source, target: '/live', readOnly: false }] });
  await writeFile(join(source, 'a'), 'one');
  assert.equal((await berth.exec(id, ['cat', '/live/a'])).stdout, 'one');
  await writeFile(join(source, 'a'), 'another');
  assert.equal((await berth.exec(id, ['cat', '/live/a'])).stdout, 'another');
  await rename(join(source, 'a'), join(source, 'b'));
  assert.equal((await berth.exec(id, ['ls', '/live'])).stdout, 'b\n');
  await berth.containers.remove(id, { force: true });
});

test('the files of a folder that is shared at /etc are left alone', async () => {
  const source = await newFolder('etc');
  await writeFile(join(source, 'hosts'), 'mine\n');
  await writeFile(join(source, 'hostname'), 'mine\n');
  await berth.run(['true'], { mounts: [{ source, target: '/etc', readOnly: false }] });
  assert.deepEqual(await Promise.all(['hosts', 'hostname'].map((name) => readFile(join(source, name), 'utf8'))), ['mine\n', 'mine\n']);
});

test('a folder in whose place the guest has put a link is not shared at the next start', async () => {
  const source = await newFolder('outer');
  await mkdir(join(source, 'inner'));
  const secret = await newFolder('not-shared');
  const mounts = [{ source, target: '/outer', readOnly: false }, { source: join(source, 'inner'), target: '/inner', readOnly: false }];
  const { id } = await berth.background({ mounts });
  assert.equal((await berth.exec(id, ['sh', '-c', `mv /outer/inner /outer/aside && ln -s ${secret} /outer/inner`])).exitCode, 0);
  await berth.containers.stop(id, { timeoutSeconds: 0 });
  assert.equal(await realpath(join(source, 'inner')), secret, 'the guest makes real links');
  await assert.rejects(berth.containers.start(id), { code: 'FolderInvalid', message: /is not the one any more that was shared/ });
  await rm(join(source, 'inner'));
  await rename(join(source, 'aside'), join(source, 'inner'));
  await berth.containers.start(id);
  await berth.containers.remove(id, { force: true });
});

test('links that lead out of a shared folder lead to places in the container, never on the host', async () => {
  const source = await newFolder('links');
  const secret = join(folder, 'secret');
  await writeFile(secret, 'the host’s secret');
  await symlink('/etc/os-release', join(source, 'absolute'));
  await symlink('../secret', join(source, 'relative'));
  await symlink('../../../../../../../../..', join(source, 'up'));
  await symlink(secret, join(source, 'direct'));
  await symlink('/etc', join(source, 'directory'));
  const script = ['cat absolute', `cat relative`, 'cat direct', 'ls up/', 'cat directory/os-release', `ls ..`, `cat "up${secret}"`, `ln -s ${secret} mine; cat mine`].join('; echo ---; ');
  const { stdout } = await berth.run(['sh', '-c', `(${script}) 2>&1`], { workingDirectory: '/w', mounts: [{ source, target: '/w', readOnly: false }] });
  assert.doesNotMatch(stdout, /secret\b.*’s|the host’s secret/);
  assert.equal(stdout.match(/ID=berthtest/g)?.length, 2, stdout);
});

test('many folders at once, nested in each other', async () => {
  const mounts = [];
  for (let index = 0; index < 18; index++) {
    const source = await newFolder(`many${index}`);
    await writeFile(join(source, 'n'), `${index}`);
    mounts.push({ source, target: index === 17 ? '/m/0/inner' : `/m/${index}`, readOnly: index % 2 === 1 });
  }
  await mkdir(join(folder, 'many0', 'inner'));
  const { stdout, stderr } = await berth.run(['sh', '-c', 'cat /m/?/n /m/1?/n /m/0/inner/n'], { mounts });
  assert.equal(stderr, '');
  assert.equal(stdout, `${Array.from({ length: 17 }, (_, index) => index).join('')}17`);
});

test('a folder that has vanished, or is no directory any more, keeps the container from starting', async () => {
  const source = await newFolder('fleeting');
  const { id } = await berth.create({ command: ['true'], mounts: [{ source, target: '/f', readOnly: false }] });
  await rm(source, { recursive: true });
  await assert.rejects(berth.containers.start(id), { code: 'FolderInvalid', message: /fleeting/ });
  await writeFile(source, '');
  await assert.rejects(berth.containers.start(id), { code: 'FolderInvalid', message: /not a directory/ });
  await rm(source);
  await mkdir(source);
  assert.equal((await berth.containers.start(id)).state, 'running');
  await berth.containers.wait(id);
  await berth.containers.remove(id);
});

test('a folder that has come to hold keys is shared no more, unless that was forced', async () => {
  const source = await newFolder('keys');
  const create = (force: boolean) => berth.create({ command: ['ls', '/k/ssh'], mounts: [{ source, target: '/k', readOnly: true, ...(force && { force }) }] });
  const [{ id: unforced }, { id: forced }] = [await create(false), await create(true)];
  await writeFile(join(source, 'ssh'), '');
  await symlink(source, join(home, '.ssh'));
  await assert.rejects(berth.containers.start(unforced), { code: 'FolderProtected', message: /keys holds your SSH keys/ });
  await berth.containers.start(forced);
  assert.equal((await berth.containers.wait(forced)).exitCode, 0);
  await rm(join(home, '.ssh'));
  await berth.containers.start(unforced);
  assert.equal((await berth.containers.wait(unforced)).exitCode, 0);
  for (const id of [unforced, forced]) await berth.containers.remove(id);
});

test('folders that cannot be shared are refused before anything is made', async () => {
  const count = (await berth.containers.list({ all: true })).length;
  for (const [source, code] of [['/', 'FolderProtected'], [berth.paths.home, 'FolderProtected'], [join(folder, 'absent'), 'FolderInvalid']] as const) {
    await assert.rejects(berth.create({ command: ['true'], mounts: [{ source, target: '/x', readOnly: false }] }), { code });
  }
  assert.equal((await berth.containers.list({ all: true })).length, count);
});
