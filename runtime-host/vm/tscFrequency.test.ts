import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tscKilohertzFrom } from './tscFrequency.ts';

test('a virtual host’s “cpu MHz” is the counter’s frequency', () => {
  assert.equal(tscKilohertzFrom('model name\t: Intel Xeon @ 2.50GHz\ncpu MHz\t\t: 2599.996\nflags\t\t: fpu tsc hypervisor\n'), 2_599_996);
});

test('on bare metal the nominal speed counts, not that of the moment', () => {
  assert.equal(tscKilohertzFrom('model name\t: Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz\ncpu MHz\t\t: 799.998\nflags\t\t: fpu tsc\n'), 1_900_000);
});

test('unknown when nothing says it', () => {
  assert.equal(tscKilohertzFrom('processor\t: 0\n'), undefined);
});
