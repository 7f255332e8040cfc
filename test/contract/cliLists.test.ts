import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainerInfo, ImageInfo } from '../../runtime-host/protocol/types.ts';
import { temporaryDirectory } from '../support/imageStores.ts';
import { startRegistry } from '../support/registry.ts';
import { buildImage } from '../support/testImages.ts';
import { cliBerth } from './cliHarness.ts';

test('lists as JSON say what the real host has, by the protocol’s names', async (t) => {
  const berth = await cliBerth(t);
  const list = async <T>(...words: string[]): Promise<T[]> => {
    const { status, out, error } = await berth.run([...words, '--format', 'json']);
    assert.deepEqual([status, error], [0, '']);
    return JSON.parse(out) as T[];
  };
  const registry = await startRegistry();
  t.after(() => registry.stop());
  const layout = join(await temporaryDirectory(t), 'layout');
  const image = buildImage(layout, { tag: '1', command: ['true'], layers: [[{ path: 'file', content: 'x' }]] });
  const reference = await registry.push(layout, 'berth/app:1');

  assert.deepEqual([await list('image', 'ls'), await list('ls', '-a')], [[], []]);
  assert.equal((await berth.run(['image', 'pull', reference])).status, 0);
  const { containers } = await berth.connect({ start: false });
  const { id } = await containers.create({ image: reference, name: 'made', labels: { a: 'b' } });

  const [listed, ...others] = await list<ImageInfo>('image', 'ls');
  assert.deepEqual(others, []);
  assert.deepEqual([listed?.reference, listed?.digest, listed?.manifestDigest], [reference, image.manifest.digest, image.manifest.digest]);
  assert.equal(listed?.platform.os, 'linux');
  assert.equal(listed?.size, [image.manifest, image.config, ...image.layers].reduce((sum, { size }) => sum + size, 0));

  assert.deepEqual(await list('ls'), [], 'it does not run');
  const [container] = await list<ContainerInfo>('ls', '-a');
  assert.deepEqual([container?.id, container?.name, container?.image, container?.state, container?.labels, container?.command], [id, 'made', reference, 'created', { a: 'b' }, ['true']]);
});
