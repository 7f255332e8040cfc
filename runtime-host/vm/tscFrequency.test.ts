import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tscKilohertzFrom } from './tscFrequency.ts';

test('the counter’s frequency, whatever the core’s speed is at the moment', () => {
  const virtual = 'model name\t: AMD EPYC\ncpu MHz\t\t: 2596.120\nflags\t\t: fpu tsc hypervisor\nbogomips\t: 5192.24\n';
  const laptop = 'model name\t: Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz\ncpu MHz\t\t: 799.998\nflags\t\t: fpu tsc\nbogomips\t: 4224.00\n';
  const desktop = 'model name\t: AMD Ryzen 7 5800X 8-Core Processor\ncpu MHz\t\t: 2200.000\nflags\t\t: fpu tsc\nbogomips\t: 7600.01\n';
  assert.deepEqual([virtual, laptop, desktop].map(tscKilohertzFrom), [2_596_120, 2_112_000, 3_800_005]);
});

test('unknown when nothing says it', () => {
  assert.equal(tscKilohertzFrom('processor\t: 0\n'), undefined);
});
