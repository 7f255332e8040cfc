import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressBar } from './progress.ts';

function record(): { readonly bar: ProgressBar; readonly reports: { message?: string; increment?: number }[] } {
  const reports: { message?: string; increment?: number }[] = [];
  return { bar: new ProgressBar({ report: (value) => { reports.push(value); } }), reports };
}

describe('a progress bar', () => {
  it('gives each request its share', () => {
    const { bar, reports } = record();
    const first = bar.share(0, 80);
    first({ kind: 'begin', title: 'Pull', message: 'begun', percentage: 0 });
    first({ kind: 'report', message: 'half', percentage: 50 });
    bar.share(80, 100)({ kind: 'report', percentage: 50 });
    assert.deepEqual(reports, [{ message: 'begun' }, { message: 'half', increment: 40 }, { increment: 50 }]);
  });

  it('never goes back', () => {
    const { bar, reports } = record();
    const share = bar.share(0, 100);
    share({ kind: 'report', percentage: 60 });
    share({ kind: 'report', percentage: 20 });
    share({ kind: 'report', percentage: 70 });
    share({ kind: 'end' });
    assert.deepEqual(reports, [{ increment: 60 }, {}, { increment: 10 }]);
  });
});
