import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { WorkDoneProgress } from '../protocol/methods.ts';
import { WorkDone } from './workDone.ts';

test('reports are held back, the newest wins, nothing comes after the end', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const sent: WorkDoneProgress[] = [];
  const work = new WorkDone('Working', (value) => sent.push(value), 100);
  for (let step = 0; step <= 10; step += 1) work.report({ message: `step ${step}`, fraction: step / 100 });
  assert.equal(sent.length, 2, 'begin and the first report');
  mock.timers.tick(100);
  assert.deepEqual(sent.at(-1), { kind: 'report', message: 'step 10', percentage: 10 });
  work.report({ message: 'back', fraction: 0.05 });
  work.end();
  work.end();
  work.report({ message: 'late' });
  mock.timers.tick(1000);
  assert.deepEqual(sent.slice(-2), [{ kind: 'report', message: 'back', percentage: 10 }, { kind: 'end' }]);
  assert.deepEqual(sent[0], { kind: 'begin', title: 'Working', cancellable: true, percentage: 0 });
});
