import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseDevContainer } from './devcontainer.ts';

describe('--env-file in runArgs', () => {
  let scratch = '';
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'berth-env-'));
    await mkdir(join(scratch, 'folder'));
    await writeFile(join(scratch, 'secret'), 'KEY=1\n');
    await writeFile(join(scratch, 'folder', '.env'), '# mine\nA=1\n\nB=two words\nHERE\nNOWHERE\n');
    await writeFile(join(scratch, 'folder', 'wrong'), 'A=1\nB C=2\n');
    await symlink('../secret', join(scratch, 'folder', 'link'));
  });
  after(() => rm(scratch, { recursive: true }));

  const read = (...runArgs: string[]) => parseDevContainer(JSON.stringify({ runArgs }), { localFolder: join(scratch, 'folder'), localEnv: { HERE: 'here' } }).containerEnv;

  it('gives the container its variables', () => {
    assert.deepEqual(read('--env-file', '.env', '-e', 'A=later'), { A: 'later', B: 'two words', HERE: 'here' });
    assert.deepEqual(read('--env-file=${localWorkspaceFolder}/.env')['A'], '1');
  });

  it('is read only where it lies in the folder', () => {
    for (const path of ['../secret', join(scratch, 'secret'), 'link']) {
      assert.throws(() => read('--env-file', path), { code: 'DevContainerInvalid', message: /“runArgs” in devcontainer\.json: “--env-file .*” cannot be meant\. The file lies outside of the folder/ });
    }
    assert.throws(() => read('--env-file', 'gone'), { message: /There is no file .*gone/ });
    assert.throws(() => read('--env-file', 'wrong'), { message: /In its line 2, “B C” is no name of a variable/ });
  });
});
