import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import type { NetworkActivity } from '../../protocol/networks.ts';
import { ActivityBook, longestActivity } from './activityBook.ts';

const entry = (count: number, more: Partial<NetworkActivity> = {}): NetworkActivity => ({ destination: '1.2.3.4', name: 'example.com', port: 443, protocol: 'tcp', verdict: 'denied', count, lastAt: '2026-01-01T00:00:00Z', ...more });

async function scratch(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'activity-'));
  context.after(() => rm(directory, { recursive: true }));
  return join(directory, 'activity.json');
}

test('counts go on over restarts of netd, of the host and of the container', async (context) => {
  const path = await scratch(context);
  const counts = (book: ActivityBook): number[] => book.entries().map(({ count }) => count);
  const first = await ActivityBook.open(path, silentLogger);
  first.begin('lan', 'netd 1', true, []);
  first.note('lan', [entry(3)]);
  first.note('lan', [entry(5)]);
  assert.deepEqual([counts(first), first.denied], [[5], 5], 'netd tells totals');
  first.note('lan', [entry(4)]);
  assert.deepEqual(counts(first), [5], 'what was on its way is older than an answer that has overtaken it');
  first.begin('lan', 'netd 2', true, [entry(2)]);
  assert.deepEqual(counts(first), [7]);
  await first.flush();

  const second = await ActivityBook.open(path, silentLogger);
  second.begin('lan', 'netd 2', false, [entry(4)]);
  assert.deepEqual(counts(second), [9], 'the same netd still knows its own');
  await second.end();
  const third = await ActivityBook.open(path, silentLogger);
  assert.deepEqual(counts(third), [9], 'also of one that does not run');
  third.begin('lan', 'netd 2', true, []);
  third.note('lan', [entry(1), entry(8, { verdict: 'allowed', lastAt: '2026-01-02T00:00:00Z' })]);
  third.note('other', [entry(100)]);
  assert.deepEqual([counts(third), third.denied], [[8, 10], 10]);
  await third.flush();
  const fourth = await ActivityBook.open(path, silentLogger);
  fourth.begin('lan', 'netd 3', false, []);
  assert.deepEqual(counts(fourth), [8, 10], 'a host that does not know netd any more keeps what was written');
});

test('two networks of a container count together', async (context) => {
  const book = await ActivityBook.open(await scratch(context), silentLogger);
  for (const network of ['a', 'b']) book.begin(network, 'n', true, [entry(2)]);
  assert.deepEqual(book.entries().map(({ count }) => count), [4]);
  await book.end();
});

test('the oldest go first, and what cannot be read is begun anew', async (context) => {
  const path = await scratch(context);
  for (const text of ['{', 'null', '{"version":1,"past":[{}],"present":{}}', '{"version":1,"past":[],"present":{"a":null}}']) {
    await writeFile(path, text);
    assert.deepEqual((await ActivityBook.open(path, silentLogger)).entries(), []);
  }
  const book = await ActivityBook.open(path, silentLogger);
  for (let round = 0; round < 2; round += 1) book.begin('lan', `netd ${round}`, true, Array.from({ length: 900 }, (_, index) => entry(1, { port: round * 1000 + index + 1, lastAt: `2026-01-0${round + 1}T00:00:00Z` })));
  await book.end();
  const kept = (await ActivityBook.open(path, silentLogger)).entries();
  assert.equal(kept.length, longestActivity);
  assert.ok(kept.slice(0, 900).every(({ port }) => port > 1000));
});
