import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerName, formatBytes, referenceProblem } from './format.ts';

describe('formatting', () => {
  it('shortens byte counts', () => {
    assert.equal(formatBytes(0), '0 bytes');
    assert.equal(formatBytes(1536), '1.5 KB');
    assert.equal(formatBytes(2 * 1024 ** 3), '2 GB');
    assert.equal(formatBytes(203 * 1024 ** 2), '203 MB');
  });

  it('makes container names of folder names', () => {
    assert.equal(containerName('My Project', new Set()), 'my-project');
    assert.equal(containerName('__x', new Set()), 'x');
    assert.equal(containerName('日本', new Set()), 'workspace');
    assert.equal(containerName('a', new Set(['a', 'a-2'])), 'a-3');
  });

  it('accepts references and explains what is none', () => {
    for (const good of ['debian', 'debian:12', '127.0.0.1:5000/team/app:1.2', 'ghcr.io/a/b@sha256:0123', 'Registry.local:5000/a', '[::1]:5000/x:TAG']) {
      assert.equal(referenceProblem(good), undefined, good);
    }
    for (const bad of ['', 'a b', 'https://x/y', 'Debian', 'a:', '/a', 'a//b', 'a$b']) assert.ok(referenceProblem(bad), bad);
  });
});
