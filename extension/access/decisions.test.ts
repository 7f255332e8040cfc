import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Grant } from '../../runtime-host/protocol/grants.ts';
import { freeTarget, missingMounts, verdictOn } from './decisions.ts';

const grant = (decision: Grant['decision'], readOnly = false): Grant => ({ id: 'x', workspace: '/w/app', path: '/data', readOnly, decision, containers: [], decidedAt: '2026-01-01T00:00:00Z' });
const mount = (source: string, readOnly = false) => ({ source, target: '/data', readOnly });

describe('what was decided about a directory', () => {
  it('holds for the same directory of the same workspace', () => {
    assert.equal(verdictOn('/w/app', mount('/data'), []), 'ask');
    assert.equal(verdictOn('/w/app', mount('/data'), [grant('always')]), 'allowed');
    assert.equal(verdictOn('/w/app', mount('/data'), [grant('once')]), 'allowed');
    assert.equal(verdictOn('/w/app', mount('/data'), [grant('deny')]), 'denied');
    assert.equal(verdictOn('/w/other', mount('/data'), [grant('always')]), 'ask');
    assert.equal(verdictOn('/w/app', mount('/data/more'), [grant('always')]), 'ask');
  });

  it('does not cover writing when it was about reading', () => {
    assert.equal(verdictOn('/w/app', mount('/data'), [grant('always', true)]), 'ask');
    assert.equal(verdictOn('/w/app', mount('/data', true), [grant('always', true)]), 'allowed');
  });

  it('is not needed in the workspace’s own folder, and in no other with such a name', () => {
    assert.equal(verdictOn('/w/app', mount('/w/app'), []), 'allowed');
    assert.equal(verdictOn('/w/app', mount('/w/app/sub'), []), 'allowed');
    assert.equal(verdictOn('/w/app', mount('/w/app2'), []), 'ask');
  });

  it('is missing in a container that has it elsewhere', () => {
    assert.deepEqual(missingMounts([mount('/a'), mount('/b')], [mount('/a')]), [mount('/b')]);
    assert.deepEqual(missingMounts([mount('/a')], [{ ...mount('/a'), target: '/elsewhere' }]), [mount('/a')]);
  });
});

describe('the place of a shared directory', () => {
  it('is a free one, of its name', () => {
    assert.equal(freeTarget('my data', new Set()), '/mnt/my-data');
    assert.equal(freeTarget('a', new Set(['/mnt/a', '/mnt/a-2'])), '/mnt/a-3');
    assert.equal(freeTarget('', new Set()), '/mnt/shared');
  });
});
