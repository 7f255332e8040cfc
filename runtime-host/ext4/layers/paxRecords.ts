import type { Timestamp } from '../node.ts';
import { layerInvalid } from './tarHeader.ts';

/*
 * POSIX pax records, which override or extend the header that follows: `LENGTH KEY=VALUE\n`, where LENGTH counts the
 * whole record. Keys and values are kept as byte strings (latin1).
 */

const newline = 0x0a;
const space = 0x20;

export type PaxRecords = readonly (readonly [key: string, value: string])[];

/** @throws BerthError LayerInvalid */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const records: [string, string][] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const gap = bytes.indexOf(space, offset);
    const text = gap < 0 ? '' : bytes.toString('latin1', offset, gap);
    const end = offset + Number(text);
    const equals = bytes.indexOf(0x3d, gap);
    if (!/^[0-9]+$/.test(text) || end > bytes.length || equals < gap || equals >= end || bytes[end - 1] !== newline) {
      throw layerInvalid('an entry has a malformed extended header');
    }
    records.push([bytes.toString('latin1', gap + 1, equals), bytes.toString('latin1', equals + 1, end - 1)]);
    offset = end;
  }
  return records;
}

/** Seconds with an optional fraction, such as `1700000000.25` or `-1.5`. */
export function parsePaxTime(text: string): Timestamp {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (match === null) throw layerInvalid('an entry has a malformed time');
  const [, sign, whole, fraction = ''] = match;
  const seconds = Number(whole);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { seconds, nanoseconds };
  return nanoseconds === 0 ? { seconds: 0 - seconds, nanoseconds } : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** A whole number that is not negative. */
export function parsePaxNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) throw layerInvalid('an extended header holds something that is not a number');
  return value;
}
