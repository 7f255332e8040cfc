import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MountPolicy } from './mountPolicy.ts';

let directory: string;
let home: string;
before(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'policy-')));
  home = join(directory, 'users', 'me');
  for (const folder of ['.ssh/old', '.config/nvim', '.config/gcloud', 'work/app', '.cache']) await mkdir(join(home, folder), { recursive: true });
});
after(() => rm(directory, { recursive: true }));

const policy = (environment: NodeJS.ProcessEnv = {}): MountPolicy =>
  new MountPolicy({ home: join(directory, 'berth', 'home'), runtime: join(directory, 'berth-run') }, { HOME: home, ...environment });
const mount = (source: string, force?: boolean) => ({ source, target: '/t', readOnly: true, ...(force && { force }) });
const reason = async (source: string, environment?: NodeJS.ProcessEnv): Promise<string | undefined> => (await policy(environment).refusals([mount(source)]))[0]?.reason;

test('the root, the home directory and what is around it', async () => {
  await symlink('/', join(directory, 'root'));
  for (const root of ['/', join(directory, 'root')]) assert.equal(await reason(root), 'is the root of this machine');
  assert.match((await reason(home)) ?? '', /^is your home directory/);
  assert.equal(await reason(join(directory, 'users')), `contains ${home}, which holds your home directory`);
  assert.equal(await reason('/home'), 'holds home directories');
  assert.equal(await reason(join(home, 'work')), undefined);
  assert.equal(await reason(join(home, 'work/app')), undefined);
  assert.equal(await reason(join(home, '.cache')), undefined);
});

test('keys and credentials: the folder, what lies in it, what contains it, whether it is there or not', async () => {
  assert.equal(await reason(join(home, '.ssh')), 'holds your SSH keys');
  assert.equal(await reason(join(home, '.ssh/old')), `lies in ${home}/.ssh, which holds your SSH keys`);
  assert.equal(await reason(join(home, '.aws')), 'holds your credentials of a cloud');
  assert.equal(await reason(join(home, '.config')), `contains ${home}/.config/gcloud, which holds your credentials of a cloud`);
  assert.match((await reason(join(home, '.local/share'))) ?? '', /^is where .*\.local\/share\/.* would be, with your /);
  assert.equal(await reason(join(home, '.config/nvim')), undefined);
  for (const folder of ['.config/systemd/user', '.config/autostart', '.config/sops/age', '.minikube']) assert.match((await reason(join(home, folder))) ?? '', /^(holds|lies in)/, folder);
  assert.equal(await reason(join(home, '.sshd')), undefined);
});

test('a place of the machine, and Berth’s own', async () => {
  for (const path of ['/etc', '/etc/ssl', '/proc', '/proc/1', '/sys', '/dev/shm', '/boot', '/run', '/run/user/1000', '/var/run', '/var/run/docker']) assert.match((await reason(path)) ?? '', /^(holds|lies in)/, path);
  for (const path of ['/run/media/me/stick', '/srv', '/mnt/data', '/opt/app', '/usr/share']) assert.equal(await reason(path), undefined, path);
  assert.match((await reason('/run/media')) ?? '', /lies in \/run/);
  assert.match((await reason(join(directory, 'berth/home/containers'))) ?? '', /^lies in .*Berth’s own data/);
  assert.match((await reason(join(directory, 'berth'))) ?? '', /berth\/home would be, with Berth’s own data/);
});

test('links are followed on both sides, and folders that are elsewhere are known', async () => {
  await mkdir(join(directory, 'stick/keys'), { recursive: true });
  await symlink(join(directory, 'stick/keys'), join(home, '.gnupg'));
  await symlink(join(home, '.ssh'), join(home, 'work/harmless'));
  assert.equal(await reason(join(home, 'work/harmless')), 'holds your SSH keys');
  assert.equal(await reason(join(directory, 'stick/keys')), 'holds your PGP keys');
  assert.match((await reason(join(directory, 'stick'))) ?? '', /^contains .*stick\/keys/);
  assert.equal(await reason('/srv/conf/gcloud', { XDG_CONFIG_HOME: '/srv/conf' }), 'holds your credentials of a cloud');
  assert.equal(await reason('/srv/pgp', { GNUPGHOME: '/srv/pgp' }), 'holds your PGP keys');
});

test('what is forced is shared, and the sentence says how', async () => {
  const keys = join(home, '.ssh');
  await policy().check([mount(keys, true), mount(join(home, 'work'))]);
  await assert.rejects(policy().check([mount(join(home, 'work')), mount(keys)]), {
    code: 'FolderProtected',
    message: `The folder ${keys} holds your SSH keys, so it is not shared. Share a folder that holds only what the container needs, or force it, as with “-v ${keys}:TARGET:force”.`,
    data: { path: keys, reason: 'holds your SSH keys' },
  });
});
