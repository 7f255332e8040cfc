import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DigestVerifier, digestLike, digestOf, isDigest } from './digest.ts';

// Of the empty text, from FIPS 180-4's example values.
const emptySha256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('digests are computed', () => {
  assert.equal(digestOf(''), emptySha256);
  assert.equal(digestLike(`sha512:${'0'.repeat(128)}`, Buffer.alloc(0)).slice(0, 23), 'sha512:cf83e1357eefb8bd');
  const verifier = new DigestVerifier(emptySha256);
  verifier.update(Buffer.from('a'));
  verifier.update(Buffer.from('b'));
  assert.equal(verifier.digest(), digestOf('ab'));
});

test('only whole digests of known algorithms are digests', () => {
  assert.ok(isDigest(emptySha256));
  for (const text of ['', 'sha256:', emptySha256.slice(0, -1), `${emptySha256}0`, emptySha256.toUpperCase(), `md5:${'0'.repeat(32)}`, 'constructor:', '../etc']) assert.ok(!isDigest(text), text);
  assert.throws(() => new DigestVerifier('sha256:zz'), TypeError);
});
