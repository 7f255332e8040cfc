import assert from 'node:assert/strict';
import { matchesGlob } from 'node:path';
import { describe, it } from 'node:test';
import { globOf, readServerSettings } from './serverSettings.ts';

describe('the setting for language servers', () => {
  it('names servers, by their programs when by nothing else', () => {
    assert.deepEqual(readServerSettings([{ command: ['/usr/bin/gopls', 'serve'], languages: ['go'] }, { name: 'J', command: ['j'], patterns: ['**/*.j'], cwd: 'x', env: { A: 1 }, initializationOptions: { b: 2 } }]), {
      servers: [
        { name: 'gopls', command: ['/usr/bin/gopls', 'serve'], languages: ['go'], patterns: [], env: {} },
        { name: 'J', command: ['j'], languages: [], patterns: ['**/*.j'], cwd: 'x', env: { A: '1' }, initializationOptions: { b: 2 } },
      ],
      problems: [],
    });
    assert.deepEqual(readServerSettings(undefined), { servers: [], problems: [] });
  });

  it('says what is wrong, and uses the rest', () => {
    const good = { command: ['good'], languages: ['x'] };
    const { servers, problems } = readServerSettings([3, { command: 'gopls', languages: ['go'] }, { command: ['x'] }, { ...good, name: 1 }, { ...good, cwd: 1 }, { ...good, env: [] }, { ...good, languages: 'x' }, good, good]);
    assert.deepEqual(servers.map(({ name }) => name), ['good']);
    assert.equal(problems.length, 8);
    assert.match(problems[1] ?? '', /Entry 2 .*list of texts/);
    assert.match(problems.at(-1) ?? '', /two servers called “good”/);
  });
});

describe('a folder in a glob pattern', () => {
  it('stands for itself, whatever is in its name', () => {
    for (const folder of ['/a/plain', '/a/[id]', '/a/{x,y}', '/a/what?', '/a/*']) {
      assert.ok(matchesGlob(`${folder}/b/c.ts`, `${globOf(folder)}/**`), folder);
    }
    assert.ok(!matchesGlob('/a/i/c.ts', `${globOf('/a/[id]')}/**`));
    assert.ok(!matchesGlob('/a/bb/c.ts', `${globOf('/a/*')}/**`));
  });
});
