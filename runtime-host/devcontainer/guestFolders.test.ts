import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGuestFolder, likelyGuestFolders } from './guestFolders.ts';

test('folders with many small files are told by the tools’ own files', () => {
  assert.deepEqual(likelyGuestFolders(['README.md', 'package.json', 'Cargo.toml', 'requirements-dev.txt']), ['node_modules', 'target', '.venv']);
  assert.deepEqual(likelyGuestFolders(['my-package.json', 'src']), []);
});

test('only folders inside the workspace can live on the container’s disk', () => {
  for (const name of ['node_modules', 'packages/web/node_modules', './target', '.venv/']) assert.ok(isGuestFolder(name), name);
  for (const name of ['', ' ', '.', './', '..', '../x', 'a/../..', '/etc', '${localEnv:HOME}']) assert.ok(!isGuestFolder(name), name);
});
