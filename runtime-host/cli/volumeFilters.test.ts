import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VolumeInfo } from '../protocol/volumes.ts';
import { matchesVolumeFilters, parseVolumeFilter } from './volumeFilters.ts';

const info: VolumeInfo = { name: 'data-1', driver: 'ext4', createdAt: '', labels: { tier: 'front' }, anonymous: false, allocatedBytes: 0, path: '', containers: [] };
const fits = (...filters: string[]): boolean => matchesVolumeFilters(info, filters.map(parseVolumeFilter));

test('which volumes a filter shows', () => {
  for (const filter of ['dangling=true', 'dangling=1', 'driver=ext4', 'label=tier', 'label=tier=front', 'name=data', 'name=^data-.$']) assert.equal(fits(filter), true, filter);
  for (const filter of ['dangling=false', 'driver=shared', 'label=other', 'label=tier=back', 'name=^ata']) assert.equal(fits(filter), false, filter);
  assert.deepEqual([fits(), fits('name=x', 'name=data'), fits('label=tier', 'label=x'), fits('name=data', 'driver=shared')], [true, true, false, false]);
});

test('what is no filter of volumes', () => {
  for (const wrong of ['', 'name', 'name=', 'name=(', 'size=1', 'dangling=perhaps']) assert.throws(() => parseVolumeFilter(wrong), { code: 'commander.invalidArgument' }, wrong);
});
