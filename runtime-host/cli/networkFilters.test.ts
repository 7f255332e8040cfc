import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkInfo } from '../protocol/networks.ts';
import { matchesNetworkFilters, parseNetworkFilter } from './networkFilters.ts';

const info: NetworkInfo = { name: 'front-1', subnet: '10.1.0.0/24', gateway: '10.1.0.1', hostAddress: '10.1.0.254', createdAt: '', labels: { tier: 'front' }, containers: [{ id: 'a', name: 'web', address: '10.1.0.2' }] };
const fits = (...filters: string[]): boolean => matchesNetworkFilters(info, filters.map(parseNetworkFilter));

test('which networks a filter shows', () => {
  for (const filter of ['dangling=false', 'label=tier', 'label=tier=front', 'name=front', 'name=^front-.$']) assert.equal(fits(filter), true, filter);
  for (const filter of ['dangling=true', 'label=other', 'label=tier=back', 'name=^ront']) assert.equal(fits(filter), false, filter);
  assert.deepEqual([fits(), fits('name=x', 'name=front'), fits('label=tier', 'label=x'), fits('name=front', 'dangling=true')], [true, true, false, false]);
});

test('what is no filter of networks', () => {
  for (const wrong of ['', 'name', 'name=', 'name=(', 'driver=bridge', 'dangling=perhaps']) assert.throws(() => parseNetworkFilter(wrong), { code: 'commander.invalidArgument' }, wrong);
});
