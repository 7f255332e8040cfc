import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, realpath, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkOpenedShares } from './openedShares.ts';

test('a directory that was replaced by a link before it was opened is noticed', { skip: process.platform !== 'linux' }, async () => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'opened-')));
  const share = join(directory, 'share');
  await mkdir(share);
  await mkdir(join(directory, 'secret'));
  const opened = await open(share);
  await checkOpenedShares(process.pid, [share]);
  await checkOpenedShares(process.pid, []);
  await rename(share, join(directory, 'moved'));
  await symlink('secret', share);
  await assert.rejects(checkOpenedShares(process.pid, [share]), { code: 'FolderInvalid', message: /replaced/ });
  const through = await open(share);
  await assert.rejects(checkOpenedShares(process.pid, [share]), { code: 'FolderInvalid' });
  await through.close();
  await opened.close();
  await rm(directory, { recursive: true });
});
