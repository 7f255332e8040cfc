import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMeant } from './pruneFilters.ts';

test('what is pruned: all labels, none of the others, and older', () => {
  const thing = { labels: { a: '1', b: '' }, createdAt: '2026-01-02T00:00:00Z' };
  for (const filters of [{}, { labels: ['a'] }, { labels: ['a=1', 'b='] }, { withoutLabels: ['c', 'a=2'] }, { createdBefore: '2026-01-03T00:00:00Z' }]) assert.equal(isMeant(thing, filters), true, JSON.stringify(filters));
  for (const filters of [{ labels: ['a', 'c'] }, { labels: ['a=2'] }, { withoutLabels: ['b'] }, { createdBefore: '2026-01-02T00:00:00Z' }, { labels: ['toString'] }]) assert.equal(isMeant(thing, filters), false, JSON.stringify(filters));
  assert.equal(isMeant({}, { createdBefore: '2026-01-01T00:00:00Z' }), true);
  assert.equal(isMeant({ createdAt: 'once' }, { createdBefore: '2026-01-01T00:00:00Z' }), false);
});
