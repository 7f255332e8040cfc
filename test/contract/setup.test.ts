import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../support/imageStores.ts';
import { pinnedNode, repository } from '../support/setup/paths.mjs';

test('npm start without the rights to install what is missing prints the one line to run, and does nothing', async (t) => {
  const directory = await temporaryDirectory(t);
  // A machine that has none of the packages, and a user whom sudo does not know.
  for (const [program, status] of [['dpkg-query', 1], ['sudo', 1]] as const) {
    await writeFile(join(directory, program), `#!/bin/sh\nexit ${status}\n`);
    await chmod(join(directory, program), 0o755);
  }
  const words = [pinnedNode, join(repository, 'test/support/start.mjs'), '--check'];
  // In a user namespace of its own, root is nobody.
  if (process.getuid?.() === 0) words.unshift('unshare', '--user');
  const [program = '', ...args] = words;
  const environment = { ...process.env, PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}` };
  await assert.rejects(promisify(execFile)(program, args, { env: environment }), (error: { code?: number; stdout?: string; stderr?: string }) => {
    assert.equal(error.code, 1);
    assert.equal(error.stdout, '');
    assert.match(error.stderr ?? '', /^System packages are missing\. Run this line, then try again:\n {2}sudo apt-get update && sudo apt-get install -y --no-install-recommends qemu-system-x86 [a-z0-9 -]+\n$/);
    return true;
  });
});
