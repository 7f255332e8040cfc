import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, crc32cStart, crc32cWord } from './crc32c.ts';
import type { NameHash } from './directoryHash.ts';
import { hashName } from './directoryHash.ts';

const check = (message: Uint8Array): number => (crc32c(crc32cStart, message) ^ 0xffffffff) >>> 0;

test('CRC-32C of known messages (RFC 3720, appendix B.4)', () => {
  assert.equal(check(Buffer.from('123456789')), 0xe3069283);
  assert.equal(check(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(check(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(check(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
});

test('CRC-32C goes on where it stopped, for any length and place', () => {
  const message = Uint8Array.from({ length: 100 }, (_, index) => index * 7);
  for (let cut = 0; cut <= message.length; cut++) {
    assert.equal(crc32c(crc32c(crc32cStart, message, 0, cut), message, cut), crc32c(crc32cStart, message));
  }
  assert.equal(crc32cWord(5, 0x89abcdef), crc32c(5, Uint8Array.of(0xef, 0xcd, 0xab, 0x89)));
});

test('names hash as debugfs says (dx_hash -h 4, which is half MD4 of unsigned bytes)', () => {
  const seed = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex');
  const expected: Record<string, NameHash> = {
    a: { major: 0x8d08ec4c, minor: 0x2fbccd78 },
    hello: { major: 0xe2ddf968, minor: 0xc8bc0924 },
    'a name of more than thirty-two bytes, which takes two rounds': { major: 0xce17f7a8, minor: 0xae8a707b },
    Größe: { major: 0xf89473ba, minor: 0x9bb34208 },
  };
  for (const [name, hash] of Object.entries(expected)) assert.deepEqual(hashName(Buffer.from(name), seed), hash, name);
});
