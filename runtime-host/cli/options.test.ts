import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimumMemoryBytes } from '../protocol/types.ts';
import { collect, parseCount, parseCpus, parseEnv, parseFormat, parseLabel, parseMemory } from './options.ts';

const invalid = { code: 'commander.invalidArgument' };

test('variables', () => {
  assert.equal(parseEnv('A=b=c'), 'A=b=c');
  assert.equal(parseEnv('A='), 'A=');
  assert.equal(parseEnv('HOME', { HOME: '/h' }), 'HOME=/h');
  assert.equal(parseEnv('UNSET', {}), undefined);
  assert.throws(() => parseEnv('=x'), invalid);
});

test('memory and processors', () => {
  assert.equal(parseMemory('512m'), 512 * 1024 ** 2);
  assert.equal(parseMemory('2g'), 2 * 1024 ** 3);
  assert.equal(parseMemory('1.5GiB'), 1.5 * 1024 ** 3);
  assert.equal(parseMemory(String(minimumMemoryBytes)), minimumMemoryBytes);
  assert.throws(() => parseMemory('63m'), /at least 64m/);
  for (const wrong of ['1m', 'lots', '-1g', '1x', '']) assert.throws(() => parseMemory(wrong), invalid, wrong);
  assert.deepEqual([parseCpus('4'), parseCpus('1000'), parseCpus('0'), parseMemory('0')], [4, 1000, 0, 0]);
  for (const wrong of ['1.5', '-1', 'two', '']) assert.throws(() => parseCpus(wrong), invalid, wrong);
});

test('labels, counts, formats', () => {
  assert.deepEqual(parseLabel('a=b=c'), ['a', 'b=c']);
  assert.deepEqual(parseLabel('a'), ['a', '']);
  assert.throws(() => parseLabel('=b'), invalid);
  assert.equal(parseCount('10'), 10);
  assert.throws(() => parseCount('1.5'), invalid);
  assert.throws(() => parseFormat('xml'), invalid);
  const add = collect(Number);
  assert.deepEqual(add('2', add('1', undefined)), [1, 2]);
});
