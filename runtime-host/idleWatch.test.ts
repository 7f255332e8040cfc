import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { IdleWatch } from './idleWatch.ts';

test('fires only after nobody was there for the whole time', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  let fired = 0;
  const watch = new IdleWatch(10, () => { fired += 1; });
  mock.timers.tick(9_000);
  watch.connectionsChanged(1);
  mock.timers.tick(60_000);
  watch.runningChanged(1);
  watch.connectionsChanged(0);
  mock.timers.tick(60_000);
  assert.equal(fired, 0);
  watch.runningChanged(0);
  mock.timers.tick(9_999);
  // News that change nothing do not begin the time anew.
  watch.runningChanged(0);
  assert.equal(fired, 0);
  mock.timers.tick(1);
  assert.equal(fired, 1);
  watch.dispose();
  watch.connectionsChanged(0);
  mock.timers.tick(60_000);
  assert.equal(fired, 1);
});
