import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './auth.ts';

const parse = (header: string): unknown => parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('a bearer challenge as registries send it', () => {
  assert.deepEqual(parse('Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"'), [
    ['bearer', { realm: 'https://auth.example/token', service: 'registry.example', scope: 'repository:a/b:pull,push' }],
  ]);
});

test('several challenges, spaces, unquoted values, escapes and capitals', () => {
  assert.deepEqual(parse('Negotiate, BASIC realm = "a \\"b\\"" , charset=UTF-8, bearer Realm="x"'), [
    ['negotiate', {}],
    ['basic', { realm: 'a "b"', charset: 'UTF-8' }],
    ['bearer', { realm: 'x' }],
  ]);
});

test('what cannot be read ends the list, and takes no time', () => {
  assert.deepEqual(parse(''), []);
  assert.deepEqual(parse('Bearer realm="unfinished'), [['bearer', {}]]);
  assert.deepEqual(parse('"'), []);
  const started = performance.now();
  parseChallenges(`Bearer realm="${'\\"'.repeat(20_000)}`);
  parseChallenges(`Bearer ${'a '.repeat(8_000)}`);
  assert.ok(performance.now() - started < 1000);
});
