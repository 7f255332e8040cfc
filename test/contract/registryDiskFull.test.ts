import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../support/imageStores.ts';
import { startRegistry } from '../support/registry.ts';
import { buildImage } from '../support/testImages.ts';

const run = promisify(execFile);
const pullOnce = fileURLToPath(new URL('../support/pullOnce.ts', import.meta.url));

/** Pulls into a file system of 3 MB, in a mount namespace of its own, and then lists what is in it. */
const script = 'mount -t tmpfs -o size=3m none "$1" && "$2" "$3" "$1" "$4" && cd "$1" && find . -type f | sort';

test('disk full while pulling: said so, and the space is free again', async (t) => {
  const directory = await temporaryDirectory(t);
  const registry = await startRegistry();
  t.after(() => registry.stop());
  buildImage(join(directory, 'layout'), { compression: 'none', layers: Array.from({ length: 4 }, () => [{ path: 'noise', content: randomBytes(1_500_000) }]) });
  const reference = await registry.push(join(directory, 'layout'), 'berth/big:1');
  const store = join(directory, 'content');
  await mkdir(store);
  const { stdout } = await run('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', store, process.execPath, pullOnce, reference]);
  assert.deepEqual(stdout.trim().split('\n'), ['pulling', 'DiskFull', './index.json', './oci-layout']);
});
