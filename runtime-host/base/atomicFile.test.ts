import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTemporaries, replaceFile, temporaryName, writeFileAtomically } from './atomicFile.ts';

test('a file is replaced whole or not at all', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'atomic-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'file');
  await writeFileAtomically(path, 'old');
  const torn = replaceFile(path, async (file) => {
    await file.writeFile('ne');
    throw new Error('torn');
  });
  await assert.rejects(torn, { message: 'torn' });
  assert.equal(await readFile(path, 'utf8'), 'old');
  await writeFileAtomically(path, 'new', 0o400);
  assert.equal(await readFile(path, 'utf8'), 'new');
  assert.equal((await stat(path)).mode & 0o777, 0o400);
  assert.deepEqual(await readdir(directory), ['file']);
  await writeFile(temporaryName(path), 'half');
  await removeTemporaries(directory);
  assert.deepEqual(await readdir(directory), ['file']);
});
