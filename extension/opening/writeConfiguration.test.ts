import assert from 'node:assert/strict';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'jsonc-parser';
import { readFolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import { starterText, writeConfiguration } from './writeConfiguration.ts';

describe('a first configuration', () => {
  it('is one that Berth reads as it is meant', async (t) => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'berth-config-')));
    t.after(() => rm(folder, { recursive: true }));
    const file = await writeConfiguration(folder, 'My “app”', 'node:24');
    const config = await readFolderConfig(folder);
    assert.deepEqual([config.file, config.name, config.image], [file, 'My “app”', 'node:24']);
    const before = await readFile(file, 'utf8');
    await assert.rejects(writeConfiguration(folder, 'other', 'debian:13'), { code: 'FolderInvalid', message: /it exists already/ });
    assert.equal(await readFile(file, 'utf8'), before);
  });

  it('stays valid without the slashes before its proposals', () => {
    const errors: unknown[] = [];
    const text = starterText('a', 'b').replace(/\/\/ (?=")/g, '');
    const value = parse(text, errors as never[]) as Record<string, unknown>;
    assert.deepEqual(errors, []);
    assert.deepEqual(Object.keys(value), ['name', 'image', 'postCreateCommand', 'forwardPorts', 'customizations']);
  });
});
