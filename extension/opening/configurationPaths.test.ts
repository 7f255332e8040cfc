import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOfConfiguration } from './configurationPaths.ts';

test('the folder of a configuration is found by where the file lies', () => {
  for (const path of ['/a/.devcontainer/devcontainer.json', '/a/.devcontainer.json', '/a/.devcontainer/web/devcontainer.json']) assert.equal(folderOfConfiguration(path), '/a', path);
  for (const path of ['/a/devcontainer.json', '/a/.devcontainer/x/y/devcontainer.json', '/a/.devcontainer/other.json']) assert.equal(folderOfConfiguration(path), undefined, path);
});
