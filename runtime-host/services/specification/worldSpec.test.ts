import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorldOptions } from '../../protocol/worldOptions.ts';
import { confinementOf, limitsOf } from './confinement.ts';
import { temporaryFileSystem } from './temporaryFileSystems.ts';
import { rightsOf, worldOf } from './worldSpec.ts';

const refused = { code: 'InvalidArgument' };
const usual = 0xa80425fbn;
const all = 0x1ff_ffff_ffffn;
const [chown, netAdmin, sysAdmin] = [1n, 1n << 12n, 1n << 21n];

test('capabilities add up as with docker', () => {
  const set = (capAdd: string[], capDrop: string[] = []): bigint => confinementOf({ capAdd, capDrop }).capabilities;
  assert.equal(set([]), usual);
  assert.equal(set(['NET_ADMIN', 'cap_sys_admin']), usual | netAdmin | sysAdmin);
  assert.equal(set([], ['CAP_CHOWN']), usual & ~chown);
  assert.equal(set(['CHOWN'], ['CHOWN']), usual, 'what is added wins');
  assert.equal(set([], ['all']), 0n);
  assert.equal(set(['chown'], ['ALL']), chown);
  assert.equal(set(['ALL']), all);
  assert.equal(set(['ALL'], ['NET_ADMIN']), all & ~netAdmin);
  assert.throws(() => set(['FLY']), refused);
  assert.throws(() => set([], ['CAP_']), refused);
});

test('privileged means all, for the container or for one process; no-new-privileges stays', () => {
  assert.deepEqual(confinementOf({ privileged: true, capDrop: ['ALL'] }), { capabilities: all, noNewPrivileges: false, unfiltered: true });
  assert.deepEqual(rightsOf({ noNewPrivileges: true }, true).confinement, { capabilities: all, noNewPrivileges: true, unfiltered: true });
  assert.deepEqual(rightsOf({ privileged: true }, false).confinement, rightsOf({ privileged: true }).confinement);
  assert.deepEqual(rightsOf().confinement, { capabilities: usual, noNewPrivileges: false, unfiltered: false });
  assert.equal(confinementOf({ unfiltered: true }).unfiltered, true);
});

test('limits', () => {
  assert.deepEqual(limitsOf([{ name: 'nofile', soft: 1, hard: 2 }, { name: 'core', soft: 0, hard: -1 }, { name: 'nofile', soft: 3, hard: 3 }]),
    [{ resource: 7, soft: 3n, hard: 3n }, { resource: 4, soft: 0n, hard: 2n ** 64n - 1n }]);
  for (const [name, soft, hard] of [['nofile', 3, 2], ['cpu', -1, 5], ['nofile', 1, -1], ['nofile', 1, 2 ** 20 + 1], ['toString', 1, 1]] as const) {
    assert.throws(() => limitsOf([{ name, soft, hard }]), refused, name);
  }
});

test('file systems in memory', () => {
  const usualFlags = { readOnly: false, executable: false, setUserId: false, devices: false };
  assert.deepEqual(temporaryFileSystem({ target: '/run//x/' }), { ...usualFlags, target: '/run/x', options: '' });
  assert.deepEqual(temporaryFileSystem({ target: '/t', options: 'rw,exec,suid,dev,noatime,size=64m,mode=1770,uid=5' }),
    { target: '/t', readOnly: false, executable: true, setUserId: true, devices: true, options: 'size=64m,mode=1770,uid=5' });
  assert.deepEqual(temporaryFileSystem({ target: '/dev/shm', options: 'ro,size=50%' }), { ...usualFlags, target: '/dev/shm', readOnly: true, options: 'size=50%' });
  for (const target of ['/', 'x', '/proc', '/sys/fs', '/a/../proc/x', '/dev']) assert.throws(() => temporaryFileSystem({ target }), refused, target);
  for (const options of ['size', 'size=big', 'mode=999', 'exec=1', 'toString', 'nonsense', 'huge=always']) assert.throws(() => temporaryFileSystem({ target: '/t', options }), refused, options);
});

test('what a specification says about the world, and nothing else of it', () => {
  const world: WorldOptions = { privileged: true, hostname: 'a-b.c', pidsLimit: 5, tmpfs: [{ target: '/t' }] };
  assert.deepEqual(worldOf({ image: 'i', name: 'n', ...world }), world);
  assert.equal(worldOf({ image: 'i', terminal: true }), undefined);
  for (const hostname of ['', '-a', 'a b', 'a'.repeat(64), 'a-']) assert.throws(() => worldOf({ image: 'i', hostname }), refused, hostname);
  const mounts = [{ source: '/s', target: '/t', readOnly: true }];
  assert.throws(() => worldOf({ image: 'i', tmpfs: [{ target: '/t/' }] }, mounts), refused);
  assert.throws(() => worldOf({ image: 'i', tmpfs: [{ target: '/a' }, { target: '/a' }] }), refused);
});
