import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SerialQueue } from './serialQueue.ts';

test('pieces of work do not overlap, keep their order, and a failure stays with its own piece', async () => {
  const queue = new SerialQueue();
  const events: string[] = [];
  const work = (name: string, fails = false) => queue.run(async () => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  });
  const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  assert.deepEqual(results.map((result) => result.status), ['fulfilled', 'rejected', 'fulfilled']);
  assert.deepEqual(events, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('a piece of work learns that somebody waits for its end, whenever they come', async () => {
  const queue = new SerialQueue();
  const nothing = (): Promise<void> => Promise.resolve();
  await queue.run(async (awaited) => {
    assert.equal(awaited.aborted, false);
    void queue.run(nothing);
    assert.equal(awaited.aborted, true);
  });
  const early = queue.run((awaited) => Promise.resolve(awaited.aborted));
  void queue.run(nothing);
  assert.equal(await early, true);
});
