import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from './digest.ts';
import { chainId } from './resolveImage.ts';

test('the chain ID of one layer is its diff ID; each further layer is hashed onto it', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((content) => digestOf(content)) as [string, string, string];
  assert.equal(chainId([a]), a);
  assert.equal(chainId([a, b]), digestOf(`${a} ${b}`));
  assert.equal(chainId([a, b, c]), digestOf(`${digestOf(`${a} ${b}`)} ${c}`));
  assert.notEqual(chainId([a, b]), chainId([b, a]));
  assert.throws(() => chainId([]), RangeError);
});
