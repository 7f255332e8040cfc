import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePruneFilter, pruneFilters } from './pruneFilters.ts';

test('filters of prune', () => {
  const filters = ['label=a', 'label!=b=c', 'until=2026-01-02', 'until=2026-01-01T00:00:00Z', 'label=x=y=z'].map((text) => parsePruneFilter(text));
  assert.deepEqual(pruneFilters(filters), { labels: ['a', 'x=y=z'], withoutLabels: ['b=c'], createdBefore: '2026-01-01T00:00:00.000Z' });
  assert.deepEqual(pruneFilters(), {});
  for (const wrong of ['', 'label', 'label=', 'until=soon', 'name=x']) assert.throws(() => parsePruneFilter(wrong), { code: 'commander.invalidArgument' }, wrong);
  assert.equal(parsePruneFilter('until=99999999999999').value, '9999-12-31T23:59:59.000Z');
  assert.throws(() => parsePruneFilter('until=1h', false), { code: 'commander.invalidArgument' }, 'docker has none for volumes');
});
