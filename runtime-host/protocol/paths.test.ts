import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { BerthPaths } from './paths.ts';

test('directories from the environment become absolute', () => {
  const paths = new BerthPaths({ BERTH_HOME: 'some/home', BERTH_RUNTIME_DIR: 'run' });
  assert.equal(paths.home, join(process.cwd(), 'some', 'home'));
  assert.equal(paths.runtime, join(process.cwd(), 'run'));
});

test('an empty variable is the same as none', () => {
  const unset = new BerthPaths({});
  const empty = new BerthPaths({ BERTH_HOME: '', BERTH_RUNTIME_DIR: '', XDG_DATA_HOME: '' });
  assert.deepEqual([empty.home, empty.runtime], [unset.home, unset.runtime]);
});

test('another home has another runtime directory', () => {
  assert.notEqual(new BerthPaths({ BERTH_HOME: '/a' }).runtime, new BerthPaths({ BERTH_HOME: '/b' }).runtime);
});

test('the runtime directory follows from the home alone, and is short enough for sockets', () => {
  assert.equal(new BerthPaths({ BERTH_HOME: '/home/anna/.local/share/berth', XDG_RUNTIME_DIR: '/run/user/1', TMPDIR: '/var/tmp' }).runtime, '/home/anna/.local/share/berth/run');
  const long = new BerthPaths({ BERTH_HOME: `/${'h'.repeat(90)}` });
  assert.match(long.runtime, /^\/tmp\/berth-\d+-[0-9a-f]{8}$/);
  for (const length of [10, 75, 76, 77, 78, 79, 80, 200]) {
    const { controlSocket } = new BerthPaths({ BERTH_HOME: `/${'h'.repeat(length)}` }).container('0'.repeat(64));
    assert.ok(controlSocket.length <= 107, controlSocket);
  }
});
