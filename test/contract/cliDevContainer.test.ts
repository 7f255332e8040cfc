import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliBerth } from './cliHarness.ts';

/* What it answers without an image is compared with the public command line in test/devcontainer. */

test('devcontainer read-configuration merges what a local image has, and says how an image becomes local', async (t) => {
  const berth = await cliBerth(t);
  const client = await berth.connect();
  const folder = await mkdtemp(join(tmpdir(), 'berth-configuration-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, '.devcontainer.json'), '{ "image": "labelled", "remoteEnv": { "A": "1" } }');
  const words = ['devcontainer', 'read-configuration', '--workspace-folder', folder, '--include-merged-configuration'];
  const before = await berth.run(words);
  assert.deepEqual([before.status, before.out], [1, '']);
  assert.match(before.error, /The image labelled is not local, so its metadata is not known\. Pull it with “container image pull labelled”\./);

  await client.images.pull('labelled');
  const { status, out } = await berth.run(words);
  assert.equal(status, 0);
  const { mergedConfiguration } = JSON.parse(out) as { mergedConfiguration: Record<string, unknown> };
  assert.deepEqual([mergedConfiguration['remoteUser'], mergedConfiguration['remoteEnv'], mergedConfiguration['init']], ['dev', { A: '1' }, false]);
});
