import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { foreignDefinition, type ShellWord } from './foreignTask.ts';

describe('tasks of others, run in a container', () => {
  it('keep what they run', () => {
    assert.deepEqual(foreignDefinition({ process: 'tsc', args: ['-p', 'a b'], options: { cwd: '/x' } }), { command: 'tsc', args: ['-p', 'a b'], cwd: '/x' });
    assert.deepEqual(foreignDefinition({ commandLine: 'make -j2 | cat', options: { env: { A: 'b' } } }), { command: 'make -j2 | cat', env: { A: 'b' } });
    assert.deepEqual(foreignDefinition({ command: 'npm', args: ['run', 'build'] }), { command: 'npm run build' });
    assert.equal(foreignDefinition({}), undefined);
  });

  it('mean the same words to a shell', () => {
    const value = `a b'c"d$HOME \`x\` \\ *`;
    const strong: ShellWord = { value, quoting: 2 };
    const escape: ShellWord = { value, quoting: 1 };
    const { command } = foreignDefinition({ command: 'printf', args: [{ value: '%s|', quoting: 2 }, 'plain', 'two words', strong, escape, { value: 'x"y $((1+1))', quoting: 3 }] }) ?? assert.fail();
    assert.equal(execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' }), `plain|two words|${value}|${value}|x"y 2|`);
  });
});
