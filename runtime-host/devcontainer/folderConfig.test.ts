import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readFolderConfig, readFolderConfigs } from './folderConfig.ts';

describe('the configuration of a folder', () => {
  let folder = '';
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'berth-config-')); });
  after(() => rm(folder, { recursive: true }));

  it('has defaults without a file', async () => {
    const config = await readFolderConfig(folder);
    assert.equal(config.file, undefined);
    assert.equal(config.image, undefined);
  });

  it('prefers .devcontainer/devcontainer.json', async () => {
    await writeFile(join(folder, '.devcontainer.json'), '{ "image": "second" }');
    assert.equal((await readFolderConfig(folder)).image, 'second');
    await mkdir(join(folder, '.devcontainer'));
    await writeFile(join(folder, '.devcontainer', 'devcontainer.json'), '{ "image": "first" }');
    assert.equal((await readFolderConfig(folder)).image, 'first');
  });

  it('is chosen of several', async () => {
    const directory = join(folder, '.devcontainer', 'go');
    await mkdir(directory);
    await mkdir(join(folder, '.devcontainer', 'empty'));
    const file = join(directory, 'devcontainer.json');
    await writeFile(file, '{ "name": "Go", "image": "third" } // really');
    assert.deepEqual(await readFolderConfigs(folder), [
      { file: join(folder, '.devcontainer', 'devcontainer.json'), relativePath: '.devcontainer/devcontainer.json' },
      { file: join(folder, '.devcontainer.json'), relativePath: '.devcontainer.json' },
      { file, relativePath: '.devcontainer/go/devcontainer.json', name: 'Go' },
    ]);
    assert.equal((await readFolderConfig(folder, { file })).image, 'third');
    await assert.rejects(readFolderConfig(folder, { file: join(folder, 'gone.json') }), { code: 'DevContainerInvalid', message: /does not exist/ });
  });

  it('names the file that is wrong', async () => {
    const file = join(folder, '.devcontainer', 'devcontainer.json');
    await writeFile(file, '{ "image": ');
    await assert.rejects(readFolderConfig(folder), { code: 'DevContainerInvalid', message: /devcontainer\.json is not valid JSON/, data: { file, line: 1 } });
  });
});
