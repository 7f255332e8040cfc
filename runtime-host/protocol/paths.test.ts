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
  const empty = new BerthPaths({ BERTH_HOME: '', BERTH_RUNTIME_DIR: '', XDG_DATA_HOME: '', XDG_RUNTIME_DIR: '' });
  assert.deepEqual([empty.home, empty.runtime], [unset.home, unset.runtime]);
});

test('another home has another runtime directory', () => {
  assert.notEqual(new BerthPaths({ BERTH_HOME: '/a' }).runtime, new BerthPaths({ BERTH_HOME: '/b' }).runtime);
});
