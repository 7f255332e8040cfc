import assert from 'node:assert/strict';
import { readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '../../runtime-host/client/index.ts';
import { startRegistry } from '../support/registry.ts';
import { buildImage } from '../support/testImages.ts';
import { temporaryDirectory } from '../support/imageStores.ts';
import { cliBerth } from './cliHarness.ts';
import { processEnd, stopHost } from './rpcHarness.ts';

/*
 * The real host over a data directory whose list of images was damaged: what is about containers works as ever, and the
 * images come back with a pull. No VM is needed for that.
 */

for (const [what, damage] of [
  ['no JSON', (index: string) => truncate(index, 20)],
  ['JSON of another shape', (index: string) => writeFile(index, '{"manifests":{}}')],
] as const) {
  test(`a list of images that is ${what} does not keep anyone from their containers`, async (t) => {
    const berth = await cliBerth(t);
    const { paths } = berth;
    const index = join(paths.content, 'index.json');
    const registry = await startRegistry();
    t.after(() => registry.stop());
    const layout = join(await temporaryDirectory(t), 'layout');
    buildImage(layout, { tag: '1', command: ['true'], layers: [[{ path: 'file' }]] });
    const reference = await registry.push(layout, 'berth/app:1');
    const client = await connect({ paths, environment: berth.environment });
    for (const name of ['one', 'two']) await client.containers.create({ image: reference, name });
    client.close();
    await stopHost(paths);
    const stored = await Promise.all([readdir(join(paths.content, 'blobs', 'sha256')), readdir(paths.disks)]);

    await damage(index);
    const damaged = await readFile(index, 'utf8');
    const succeed = async (...words: string[]): Promise<string> => {
      const { status, out, error } = await berth.run(words);
      assert.equal(status, 0, `${words.join(' ')}: ${error}`);
      return out;
    };
    assert.equal((await succeed('ls', '-aq')).trim().split('\n').length, 2);
    await succeed('stop', 'one');
    await succeed('logs', 'one');
    await succeed('rm', 'one');
    assert.equal(await succeed('image', 'ls', '-q'), '');
    const { pid } = JSON.parse(await succeed('system', 'status', '--format', 'json')) as { pid: number };
    assert.equal(await readFile(`${index}.damaged`, 'utf8'), damaged);
    assert.ok((await berth.log()).includes(`${index}.damaged`));
    // Neither what the container that is left needs nor what a pull would have to fetch again has gone.
    assert.deepEqual(await Promise.all([readdir(join(paths.content, 'blobs', 'sha256')), readdir(paths.disks)]), stored);
    await succeed('image', 'pull', reference);
    assert.equal((await succeed('image', 'ls', '-q')).trim(), reference);
    await succeed('system', 'stop');
    await processEnd(pid);
    assert.equal((await succeed('image', 'ls', '-q')).trim(), reference);
    assert.deepEqual(await readdir(paths.disks), stored[1]);
  });
}
