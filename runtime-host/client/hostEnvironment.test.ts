import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthPaths } from '../protocol/paths.ts';
import { hostEnvironment } from './hostEnvironment.ts';

const paths = new BerthPaths({ BERTH_HOME: '/home/me/berth', BERTH_RUNTIME_DIR: '/run/me/berth' });

test('a host gives freed memory back, unless whoever starts it wants something else', () => {
  const { MALLOC_TRIM_THRESHOLD_: trim, MALLOC_MMAP_THRESHOLD_: map } = hostEnvironment(paths, { MALLOC_TRIM_THRESHOLD_: '1000000' });
  assert.deepEqual({ trim, map }, { trim: '1000000', map: '131072' });
});

test('a host gets its paths, the rest of the environment, and nothing of a debugger', () => {
  const { PATH, BERTH_HOME, BERTH_RUNTIME_DIR, NODE_OPTIONS, VSCODE_INSPECTOR_OPTIONS } = hostEnvironment(paths, {
    PATH: '/bin', BERTH_HOME: 'relative', NODE_OPTIONS: '--inspect', VSCODE_INSPECTOR_OPTIONS: '{}',
  });
  assert.deepEqual([PATH, BERTH_HOME, BERTH_RUNTIME_DIR], ['/bin', '/home/me/berth', '/run/me/berth']);
  assert.deepEqual([NODE_OPTIONS, VSCODE_INSPECTOR_OPTIONS], [undefined, undefined]);
});
