import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
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

/** Owners of shared folders; only root can make others than itself. */
const isRoot = process.getuid?.() === 0;
const owners = isRoot ? [[1000, 1001], [0, 0], [4242, 4243]] as const : [[process.getuid?.() ?? 0, process.getgid?.() ?? 0]] as const;
const guestUsers = ['0:0', '1000:1000', '65534:65534'];

test('whoever the container’s users are, a shared folder is theirs, and its files belong to its owner on the host', async () => {
  const folders = await Promise.all(owners.map(async ([uid, gid]) => {
    const source = await newFolder(`of-${uid}`);
    await chown(source, uid, gid);
    return { source, uid, gid };
  }));
  const { id } = await berth.background({ mounts: folders.map(({ source, uid }) => ({ source, target: `/w/${uid}`, readOnly: false })) });
  const script = `set -e; id=$(id -u):$(id -g); cd $1; mkdir dir; chmod 700 dir; cd dir; echo one > file; chmod 640 file; mv file moved; ln moved hard; ln -s moved link
    touch -d '2001-02-03 04:05:06' moved; [ -w moved ]; [ -O moved ]; [ -G moved ]; chown $id moved; chgrp \${id#*:} moved; echo two >> moved
    for file in . moved link; do [ "$(stat -c %u:%g $file)" = $id ] || { stat $file; exit 1; }; done
    mkdir -m 2775 shared; [ "$(stat -c %a shared)" = 2775 ]; mkdir -m 1777 /w/$2/sticky-$3; touch /w/$2/sticky-$3/x; rm /w/$2/sticky-$3/x`;
  const attempts = folders.flatMap(({ uid }) => guestUsers.map((user) => ({ uid, user, name: `by-${user.replace(':', '-')}` })));
  for (const { uid, name } of attempts) assert.equal((await berth.exec(id, ['mkdir', '-m', '777', `/w/${uid}/${name}`])).exitCode, 0);
  await Promise.all(attempts.map(async ({ uid, user, name }) => {
    const { exitCode, stdout, stderr } = await berth.exec(id, ['sh', '-c', script, 'sh', `/w/${uid}/${name}`, `${uid}`, name], { user });
    assert.deepEqual([exitCode, stdout, stderr], [0, '', ''], `as ${user} in the folder of ${uid}`);
  }));
  // What one user made, another may change: it is everybody's own, as it would be for the user on the host.
  for (const { uid } of folders) {
    assert.equal((await berth.exec(id, ['sh', '-c', `cd /w/${uid}; chmod 600 by-0-0/dir/hard && echo three >> by-0-0/dir/moved && rm -r by-1000-1000`], { user: '65534' })).exitCode, 0);
    const given = await berth.exec(id, ['sh', '-c', `cd /w/${uid}/by-0-0/dir; chown 33:33 moved && chown -R 33 . && stat -c %u:%g moved`]);
    assert.deepEqual([given.exitCode, given.stdout], [0, '0:0\n'], 'root gives files away without effect');
    assert.equal((await berth.exec(id, ['chown', '33', `/w/${uid}/by-0-0/dir/moved`], { user: '1000' })).exitCode, 1, 'others may not give files away');
  }
  for (const { source, uid, gid } of folders) {
    for (const entry of await readdir(source, { recursive: true })) {
      const status = await lstat(join(source, entry));
      assert.deepEqual([status.uid, status.gid], [uid, gid], join(source, entry));
    }
    const moved = await stat(join(source, 'by-65534-65534/dir/moved'));
    assert.deepEqual([moved.mode & 0o7777, moved.nlink], [0o640, 2]);
    assert.equal(await readFile(join(source, 'by-0-0/dir/moved'), 'utf8'), 'one\ntwo\nthree\n');
  }
  await berth.containers.remove(id, { force: true });
});

test('what belongs to others keeps its protection, and what is read-only stays so', { skip: isRoot ? false : 'only root can make files of others' }, async () => {
  const source = await newFolder('mixed');
  await chown(source, 1000, 1000);
  await writeFile(join(source, 'theirs'), 'theirs', { mode: 0o600 });
  await writeFile(join(source, 'group'), 'group');
  await chmod(join(source, 'group'), 0o660);
  await chown(join(source, 'theirs'), 777, 777);
  await chown(join(source, 'group'), 777, 1000);
  await mkdir(join(source, 'sticky'));
  await chown(join(source, 'sticky'), 777, 777);
  await chmod(join(source, 'sticky'), 0o1777);
  for (const [name, uid] of [['theirs', 777], ['ours', 1000]] as const) {
    await writeFile(join(source, 'sticky', name), name);
    await chown(join(source, 'sticky', name), uid, uid);
  }
  const { id } = await berth.background({ mounts: [{ source, target: '/w', readOnly: false }, { source, target: '/fixed', readOnly: true }] });
  const script = `cat theirs; echo x >> theirs; chmod 666 theirs; touch -d 2001-01-01 theirs; chown 65534 theirs; [ -r theirs ] || echo unreadable; stat -c %u:%g theirs
    cat group; echo " too" >> group; chmod 666 group; stat -c %u:%g group; rm sticky/theirs; rm sticky/ours; ls sticky; cd /fixed; touch new; chmod 666 sticky; rm -r sticky`;
  const { stdout } = await berth.exec(id, ['sh', '-c', script], { user: '65534', workingDirectory: '/w' });
  assert.equal(stdout, 'unreadable\n777:777\ngroup777:65534\ntheirs\n');
  assert.deepEqual([await readFile(join(source, 'theirs'), 'utf8'), await readFile(join(source, 'group'), 'utf8')], ['theirs', 'group too\n']);
  for (const name of ['theirs', 'group', 'sticky/theirs']) assert.equal((await stat(join(source, name))).uid, 777, name);
  assert.equal((await stat(join(source, 'theirs'))).mode & 0o777, 0o600);
  await berth.containers.remove(id, { force: true });
});

test('git takes a repository of the folder’s owner for its own, as any user', async () => {
  const source = await newFolder('repository');
  execFileSync('git', ['init', '-q', source]);
  const [[uid, gid]] = owners;
  for (const entry of ['', ...await readdir(source, { recursive: true })]) await chown(join(source, entry), uid, gid);
  const { id } = await berth.background({ mounts: [{ source, target: '/w', readOnly: false }, { source: '/usr', target: '/host', readOnly: true }] });
  const git = '/host/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path /host/lib/x86_64-linux-gnu /host/bin/git --exec-path=/host/lib/git-core -C /w -c maintenance.auto=false -c user.name=me -c user.email=me@example.org';
  for (const user of guestUsers) {
    const { exitCode, stdout, stderr } = await berth.exec(id, ['sh', '-c', `set -e; echo ${user} >> /w/file; ${git} add file; ${git} commit -qm ${user}; ${git} status --porcelain`], { user, env: ['HOME=/tmp'] });
    assert.deepEqual([exitCode, stdout, stderr], [0, '', ''], user);
  }
  assert.equal(execFileSync('git', ['-c', 'safe.directory=*', '-C', source, 'rev-list', '--count', 'HEAD'], { encoding: 'utf8' }), '3\n');
  await berth.containers.remove(id, { force: true });
});
