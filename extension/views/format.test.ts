import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerName, formatAge, formatBytes, referenceProblem, shortImage } from './format.ts';

describe('formatting', () => {
  it('shortens byte counts', () => {
    assert.equal(formatBytes(0), '0 bytes');
    assert.equal(formatBytes(1536), '1.5 KB');
    assert.equal(formatBytes(2 * 1024 ** 3), '2 GB');
    assert.equal(formatBytes(203 * 1024 ** 2), '203 MB');
  });

  it('says how long ago something was', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    for (const [time, words] of [['2026-03-01T12:00:05Z', 'just now'], ['2026-03-01T11:59:30Z', 'just now'], ['2026-03-01T11:58:30Z', '1 minute ago'],
      ['2026-02-28T12:00:00Z', '1 day ago'], ['2026-02-10T12:00:00Z', '2 weeks ago'], ['2024-01-01T00:00:00Z', '2 years ago']] as const) assert.equal(formatAge(time, now), words);
  });

  it('shortens references', () => {
    assert.equal(shortImage('registry.example:5000/team/app:1'), 'app:1');
    assert.equal(shortImage('debian@sha256:0123'), 'debian');
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
