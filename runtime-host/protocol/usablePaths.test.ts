import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BerthError } from './errors.ts';
import { BerthPaths } from './paths.ts';
import { ensureUsable } from './usablePaths.ts';

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'up-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const refused = (pattern: RegExp) => (error: unknown) => error instanceof BerthError && error.code === 'InvalidArgument' && pattern.test(error.message);

test('makes both directories, for their owner alone', async () => {
  await withDirectory(async (directory) => {
    const paths = new BerthPaths({ BERTH_HOME: join(directory, 'a/b'), BERTH_RUNTIME_DIR: join(directory, 'r') });
    await ensureUsable(paths);
    for (const path of [paths.home, paths.runtime]) assert.equal((await stat(path)).mode & 0o777, 0o700);
  });
});

test('a file in the place of the home, and one above it', async () => {
  await withDirectory(async (directory) => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const runtime = { BERTH_RUNTIME_DIR: join(directory, 'r') };
    await assert.rejects(ensureUsable(new BerthPaths({ BERTH_HOME: file, ...runtime })), refused(/file: it is not a directory\. .*BERTH_HOME/));
    await assert.rejects(ensureUsable(new BerthPaths({ BERTH_HOME: join(file, 'h'), ...runtime })), refused(/it is not in a directory/));
  });
});

test('a runtime directory whose sockets would have too long a path', async () => {
  await withDirectory(async (directory) => {
    const paths = new BerthPaths({ BERTH_HOME: join(directory, 'h'), BERTH_RUNTIME_DIR: join(directory, 'x'.repeat(100)) });
    await assert.rejects(ensureUsable(paths), refused(/bytes too long.*BERTH_RUNTIME_DIR/));
  });
});
