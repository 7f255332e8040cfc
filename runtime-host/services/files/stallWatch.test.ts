import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StallWatch } from './stallWatch.ts';

test('what does not move is ended when somebody waits, and only then', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const awaited = new AbortController();
  let stalls = 0;
  const watch = new StallWatch(awaited.signal, 1000, () => { stalls += 1; });
  t.mock.timers.tick(10_000);
  assert.equal(stalls, 0);
  awaited.abort();
  t.mock.timers.tick(999);
  assert.equal(stalls, 0);
  t.mock.timers.tick(1);
  assert.equal(stalls, 1);
  watch.end();
  const another = new StallWatch(awaited.signal, 1000, () => { stalls += 1; });
  another.end();
  t.mock.timers.tick(10_000);
  assert.equal(stalls, 1);
});
