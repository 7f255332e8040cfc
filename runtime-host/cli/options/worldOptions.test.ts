import assert from 'node:assert/strict';
import { test } from 'node:test';
import { specOfWords as specOf } from './specOfWords.ts';

test('options of the container’s world', () => {
  assert.deepEqual(specOf(), {});
  const spec = specOf(
    '--group-add', 'audio', '--group-add', '5', '--hostname', 'box', '--init', '--cap-add', 'NET_ADMIN', '--cap-add', 'bpf', '--cap-drop', 'ALL', '--privileged', '--ulimit', 'nofile=1:2',
    '--ulimit', 'core=-1', '--pids-limit', '100', '--read-only', '--tmpfs', '/run', '--tmpfs', '/tmp:size=1m,exec', '--shm-size', '128m', '--security-opt', 'no-new-privileges',
    '--security-opt', 'seccomp=unconfined', '--security-opt', 'systempaths=unconfined', '--security-opt', 'apparmor=unconfined',
  );
  assert.deepEqual(spec, {
    additionalGroups: ['audio', '5'], hostname: 'box', init: true, capAdd: ['NET_ADMIN', 'bpf'], capDrop: ['ALL'], privileged: true, noNewPrivileges: true, unfiltered: true, unmasked: true,
    ulimits: [{ name: 'nofile', soft: 1, hard: 2 }, { name: 'core', soft: -1, hard: -1 }], pidsLimit: 100, readOnlyRoot: true, tmpfs: [{ target: '/run' }, { target: '/tmp', options: 'size=1m,exec' }],
    sharedMemoryBytes: 128 * 1024 ** 2,
  });
});

test('users by number', () => {
  assert.deepEqual(specOf('--uid', '1000'), { user: '1000' });
  assert.deepEqual(specOf('--gid', '100'), { user: '0:100' });
  assert.deepEqual(specOf('--uid', '5', '--gid', '6'), { user: '5:6' });
  assert.throws(() => specOf('--uid', '5', '--user', 'me'), /either --user/);
});

test('values that mean nothing special, and wrong ones', () => {
  assert.deepEqual(specOf('--pids-limit', '-1', '--security-opt', 'no-new-privileges:false', '--security-opt', 'seccomp=builtin'), { noNewPrivileges: false, unfiltered: false });
  assert.deepEqual(specOf('--tmpfs', '/a', '--tmpfs', '/a:ro'), { tmpfs: [{ target: '/a', options: 'ro' }] });
  for (const words of [
    ['--ulimit', 'nofile'], ['--ulimit', 'nofile=x'], ['--ulimit', 'nofile=1:2:3'], ['--tmpfs', 'run'], ['--shm-size', 'much'], ['--pids-limit', '-2'], ['--uid', 'me'],
    ['--gid', '4294967295'], ['--security-opt', 'seccomp=/profile.json'], ['--security-opt', 'nonsense'], ['--security-opt', 'no-new-privileges=perhaps'],
  ]) assert.throws(() => specOf(...words), { code: 'commander.invalidArgument' }, words.join(' '));
});
