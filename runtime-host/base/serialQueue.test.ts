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
