/** Little-endian numbers in byte arrays, as ext4 stores them. */

export function put16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

export function put32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

export function get16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}

export function get32(bytes: Uint8Array, offset: number): number {
  return (get16(bytes, offset) | (get16(bytes, offset + 2) << 16)) >>> 0;
}

/** The upper 32 bits of a number that may be larger; the lower ones are what `put32` takes. */
export function high32(value: number): number {
  return Math.floor(value / 2 ** 32);
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
