import { BerthError } from '../../protocol/errors.ts';

/*
 * The 512-byte header of a tar entry (POSIX ustar, with GNU's variations). Numbers are octal text, or, when the first
 * byte has its top bit set, big-endian two's complement (GNU).
 *
 *     0 name(100)  100 mode(8)  108 uid(8)  116 gid(8)  124 size(12)  136 mtime(12)  148 checksum(8)  156 type
 *   157 link target(100)  257 "ustar"  329 device major(8)  337 minor(8)  345 prefix of the name(155)
 *   GNU only: 345 atime(12)  386 four sparse pairs of offset(12) and length(12)  482 more pairs follow  483 real size(12)
 */

export const tarBlockSize = 512;

export interface RawHeader {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly target: string;
  readonly major: number;
  readonly minor: number;
  readonly isGnu: boolean;
}

/** @param what ends the sentence “A layer of the image cannot be unpacked: …” */
export function layerInvalid(what: string): BerthError {
  return new BerthError('LayerInvalid', `A layer of the image cannot be unpacked: ${what}.`);
}

/** @throws BerthError LayerInvalid when the checksum or a number is wrong. */
export function parseHeader(block: Buffer): RawHeader {
  verifyChecksum(block);
  const magic = block.toString('latin1', 257, 263);
  const isGnu = magic === 'ustar ';
  const prefix = magic === 'ustar\0' ? textField(block, 345, 155) : '';
  const name = textField(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156]!),
    mode: numberField(block, 100, 8),
    uid: numberField(block, 108, 8),
    gid: numberField(block, 116, 8),
    size: sizeField(block, 124),
    mtime: numberField(block, 136, 12),
    target: textField(block, 157, 100),
    major: magic.startsWith('ustar') ? numberField(block, 329, 8) : 0,
    minor: magic.startsWith('ustar') ? numberField(block, 337, 8) : 0,
    isGnu,
  };
}

/** The sum of all bytes, with the checksum's own taken for blanks; some writers added them up as signed numbers. */
function verifyChecksum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  for (let index = 0; index < 148; index++) unsigned += block[index]!;
  for (let index = 156; index < tarBlockSize; index++) unsigned += block[index]!;
  const stored = octal(block, 148, 8);
  if (stored !== unsigned && stored !== unsigned - 256 * countNegative(block)) throw layerInvalid('it is not a tar archive, or it is damaged');
}

function countNegative(block: Buffer): number {
  let count = 0;
  for (let index = 0; index < tarBlockSize; index++) if (block[index]! >= 0x80 && (index < 148 || index >= 156)) count++;
  return count;
}

function textField(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  return block.toString('latin1', offset, end < 0 || end > offset + length ? offset + length : end);
}

/** A number of the header; @throws BerthError LayerInvalid. */
export function numberField(block: Buffer, offset: number, length: number): number {
  const value = (block[offset]! & 0x80) !== 0 ? binary(block, offset, length) : octal(block, offset, length);
  if (value === undefined || !Number.isSafeInteger(value)) throw layerInvalid('the header of an entry holds something that is not a number');
  return value;
}

/** Like {@link numberField}, never negative. */
export function sizeField(block: Buffer, offset: number): number {
  const value = numberField(block, offset, 12);
  if (value < 0) throw layerInvalid('an entry has a negative size');
  return value;
}

/** Blanks or zero bytes may stand before and after the digits; nothing at all means 0. */
function octal(block: Buffer, offset: number, length: number): number | undefined {
  let index = offset;
  const end = offset + length;
  while (index < end && isBlank(block[index]!)) index++;
  let value = 0;
  for (; index < end && !isBlank(block[index]!); index++) {
    const digit = block[index]! - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

/** Two's complement without its topmost bit, which only says that this is one. */
function binary(block: Buffer, offset: number, length: number): number {
  const negative = (block[offset]! & 0x40) !== 0;
  let value = negative ? -1 : 0;
  for (let index = 0; index < length; index++) {
    const byte = index === 0 ? (block[offset]! & 0x7f) | (negative ? 0x80 : 0) : block[offset + index]!;
    value = value * 256 + byte;
  }
  return value;
}
