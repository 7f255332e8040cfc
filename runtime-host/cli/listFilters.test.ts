import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInfo } from '../protocol/types.ts';
import { matchesFilters, parseFilter } from './listFilters.ts';

const info: ContainerInfo = {
  id: 'abc123', name: 'web-1', image: 'registry.example/team/app:1.2', manifestDigest: 'sha256:feed', state: 'stopped', createdAt: '', command: ['x'], terminal: false, stdin: false,
  mounts: [], memoryBytes: 1, cpus: 1, labels: { tier: 'front', empty: '' }, env: [], workingDirectory: '/', user: '', removeOnExit: false, exitCode: 3,
};
const fits = (...filters: string[]): boolean => matchesFilters(info, filters.map(parseFilter));

test('each key, and what does not fit', () => {
  for (const filter of ['id=abc', 'name=web', 'name=^web-[0-9]$', 'name=^/web', 'status=exited', 'status=stopped', 'label=tier', 'label=tier=front', 'label=empty=', 'ancestor=app', 'ancestor=app:1.2', 'ancestor=fee', 'exited=3', 'health=none']) {
    assert.equal(fits(filter), true, filter);
  }
  for (const filter of ['id=bc', 'name=db', 'name=^eb', 'status=running', 'status=restarting', 'label=tier=back', 'label=other', 'ancestor=ap', 'exited=0', 'health=healthy']) assert.equal(fits(filter), false, filter);
  assert.equal(matchesFilters({ ...info, restarting: true }, [parseFilter('status=restarting')]), true);
});

test('one key is or, labels and different keys are and', () => {
  assert.equal(fits('name=db', 'name=web'), true);
  assert.equal(fits('label=tier', 'label=other'), false);
  assert.equal(fits('name=web', 'status=running'), false);
  assert.equal(fits(), true);
});

test('what is no filter', () => {
  for (const wrong of ['', 'name', 'name=', 'name=(', '=x', 'color=red', 'status=asleep', 'health=fine']) assert.throws(() => parseFilter(wrong), { code: 'commander.invalidArgument' }, wrong);
});
