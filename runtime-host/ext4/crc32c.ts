/*
 * CRC-32C (Castagnoli; polynomial 0x1EDC6F41, reflected 0x82F63B78), as ext4's metadata_csum uses it: the caller gives
 * the running value, and nothing is inverted at either end. Four bytes are taken at a time ("slicing by four").
 */

const tables = makeTables();

function makeTables(): readonly Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    first[byte] = value >>> 0;
  }
  const all = [first];
  for (let index = 1; index < 4; index++) {
    const previous = all[index - 1]!;
    all.push(previous.map((value) => (value >>> 8) ^ first[value & 0xff]!));
  }
  return all;
}

/** The start value of a chain of checksums. */
export const crc32cStart = 0xffffffff;

/** Continues a checksum over `bytes[from, to)`. The standard CRC-32C of a message is `crc32c(crc32cStart, message) ^ 0xffffffff`. */
export function crc32c(start: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let value = start;
  let index = from;
  for (const end = to - 3; index < end; index += 4) {
    value ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    value = t3[value & 0xff]! ^ t2[(value >>> 8) & 0xff]! ^ t1[(value >>> 16) & 0xff]! ^ t0[value >>> 24]!;
  }
  for (; index < to; index++) value = (value >>> 8) ^ t0[(value ^ bytes[index]!) & 0xff]!;
  return value >>> 0;
}

const word = new Uint8Array(4);

/** Continues a checksum over a 32-bit number in little-endian order. */
export function crc32cWord(start: number, value: number): number {
  word[0] = value;
  word[1] = value >>> 8;
  word[2] = value >>> 16;
  word[3] = value >>> 24;
  return crc32c(start, word);
}
