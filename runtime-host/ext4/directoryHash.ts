import { get32 } from './bytes.ts';

/*
 * The hash of names in indexed directories: MD4 cut down to three rounds of eight steps over 32 bytes at a time
 * ("half MD4"), started from the file system's seed, names taken as unsigned bytes.
 */

export interface NameHash {
  readonly major: number;
  /** Orders names whose major hash is the same. */
  readonly minor: number;
}

const roundTwo = 0x5a827999;
const roundThree = 0x6ed9eba1;
/** This value marks the end of a directory, so no name may have it. */
const endMark = 0xfffffffe;

/**
 * The hash under which an indexed directory has a name.
 * @param name as on disk, in bytes
 * @param seed 16 bytes, the super block's s_hash_seed
 */
export function hashName(name: Uint8Array, seed: Uint8Array): NameHash {
  const state: State = [get32(seed, 0), get32(seed, 4), get32(seed, 8), get32(seed, 12)];
  for (let offset = 0; offset < name.length; offset += 32) mix(state, wordsOf(name, offset));
  const major = (state[1] & ~1) >>> 0;
  return { major: major === endMark ? endMark - 2 : major, minor: state[2] >>> 0 };
}

type State = [number, number, number, number];

/** 32 bytes of the name from `offset` on as eight words, filled up with the length that was left. */
function wordsOf(name: Uint8Array, offset: number): Int32Array {
  const left = name.length - offset;
  const pad = (left & 0xff) * 0x01010101;
  const words = new Int32Array(8);
  for (let word = 0; word < 8; word++) {
    let value = pad;
    for (let index = word * 4; index < Math.min(word * 4 + 4, left); index++) value = (value << 8) + name[offset + index]!;
    words[word] = value;
  }
  return words;
}

const choose = (x: number, y: number, z: number): number => z ^ (x & (y ^ z));
const majority = (x: number, y: number, z: number): number => (x & y) + ((x ^ y) & z);
const parity = (x: number, y: number, z: number): number => x ^ y ^ z;

const rounds = [
  { mixer: choose, constant: 0, order: [0, 1, 2, 3, 4, 5, 6, 7], shifts: [3, 7, 11, 19] },
  { mixer: majority, constant: roundTwo, order: [1, 3, 5, 7, 0, 2, 4, 6], shifts: [3, 5, 9, 13] },
  { mixer: parity, constant: roundThree, order: [3, 7, 2, 6, 1, 5, 0, 4], shifts: [3, 9, 11, 15] },
] as const;

function mix(state: State, words: Int32Array): void {
  let [a, b, c, d] = state;
  for (const { mixer, constant, order, shifts } of rounds) {
    for (let step = 0; step < 8; step++) {
      const sum = (a + mixer(b, c, d) + words[order[step]!]! + constant) | 0;
      const shift = shifts[step & 3]!;
      const rotated = (sum << shift) | (sum >>> (32 - shift));
      a = d;
      d = c;
      c = b;
      b = rotated;
    }
  }
  state[0] = (state[0] + a) | 0;
  state[1] = (state[1] + b) | 0;
  state[2] = (state[2] + c) | 0;
  state[3] = (state[3] + d) | 0;
}
