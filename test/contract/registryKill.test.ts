import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertSoundStore, listStore, openImages, temporaryDirectory } from '../support/imageStores.ts';
import { startRegistry } from '../support/registry.ts';
import { buildImage } from '../support/testImages.ts';

const pullOnce = fileURLToPath(new URL('../support/pullOnce.ts', import.meta.url));
const rounds = 12;

/** Runs a pull in a process of its own; with `killAfter`, SIGKILL that many milliseconds after it began. */
async function pullInChild(store: string, reference: string, killAfter?: number): Promise<{ finished: boolean; milliseconds: number }> {
  const child = spawn(process.execPath, [pullOnce, store, reference], { stdio: ['ignore', 'pipe', 'inherit'] });
  let began = 0;
  let milliseconds = Infinity;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'done') milliseconds = performance.now() - began;
    if (line !== 'pulling') continue;
    began = performance.now();
    if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { finished: milliseconds !== Infinity, milliseconds };
}

test('a host killed at any moment of a pull: the store stays sound, and the next pull works', async (t) => {
  const directory = await temporaryDirectory(t);
  const layout = join(directory, 'layout');
  const store = join(directory, 'content');
  const registry = await startRegistry();
  t.after(() => registry.stop());
  buildImage(layout, { tag: 'keep', layers: [[{ path: 'keep' }]] });
  buildImage(layout, { tag: 'big', compression: 'none', layers: Array.from({ length: 6 }, (_, layer) => [{ path: String(layer), content: randomBytes(4_000_000) }]) });
  const kept = await registry.push(layout, 'berth/keep:1', 'keep');
  const reference = await registry.push(layout, 'berth/big:1', 'big');
  const whole = await pullInChild(store, reference);
  assert.ok(whole.finished);
  const first = await openImages(store);
  await first.service.pull(kept);
  await first.service.remove(reference);
  const clean = await listStore(store);

  let interrupted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const killAfter = (round + Math.random()) / rounds * whole.milliseconds;
    const { finished } = await pullInChild(store, reference, killAfter);
    if (!finished) interrupted += 1;
    t.diagnostic(`killed after ${killAfter.toFixed(0)} of ${whole.milliseconds.toFixed(0)} ms: ${finished ? 'it had finished' : 'interrupted'}`);
    const { service } = await openImages(store);
    const names = (await service.list()).map((info) => info.reference);
    await assertSoundStore(store);
    // All or nothing: with the image listed everything is there, without it nothing of it is.
    if (names.includes(reference)) {
      await service.remove(reference);
    } else {
      assert.deepEqual(names, [kept]);
      assert.deepEqual(await listStore(store), clean);
      await service.pull(reference);
      await assertSoundStore(store);
      await service.remove(reference);
    }
    assert.deepEqual(await listStore(store), clean);
  }
  assert.ok(interrupted > 0, 'at least one pull was interrupted');
});
