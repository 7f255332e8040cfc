import { minimumMemoryBytes } from '../types.ts';
import { InvalidValue } from './invalidValue.ts';

/* Small values that users write: on the command line, and in devcontainer.json. */

/** `NAME=value`, or `NAME` for the value that it has here; undefined when it has none, as in docker. */
export function parseEnv(text: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const equals = text.indexOf('=');
  if (equals === 0 || text === '') throw new InvalidValue('Write NAME=value, or NAME to pass on a variable of yours.');
  if (equals > 0) return text;
  const value = environment[text];
  return value === undefined ? undefined : `${text}=${value}`;
}

const unitBytes: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** A size with a unit of 1024 (`512m`, `2g`, `1.5G`, `1GiB`), or plain bytes. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) throw new InvalidValue('Write a number with a unit, such as 512m or 2g.');
  return Math.round(Number(match[1]) * (unitBytes[match[2]?.toLowerCase() || 'b'] ?? 1));
}

/** The memory of a virtual machine; 0 leaves it to the host. */
export function parseMemory(text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== 0 && bytes < minimumMemoryBytes) throw new InvalidValue(`A virtual machine needs at least ${minimumMemoryBytes / 1024 ** 2}m.`);
  return bytes;
}

/** Virtual machines have whole processors, of which the host knows how many there can be; 0 leaves it to the host. */
export function parseCpus(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidValue('A virtual machine has a whole number of processors, at least 1.');
}

/** `KEY=value`, or `KEY` for an empty value. */
export function parseLabel(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  if (key === '') throw new InvalidValue('Write KEY=value.');
  return [key, equals < 0 ? '' : text.slice(equals + 1)];
}

/** `true` or `false`; an option without a value is true. */
export function parseBoolean(text: string): boolean {
  if (/^(true|1|t)$/i.test(text)) return true;
  if (/^(false|0|f)$/i.test(text)) return false;
  throw new InvalidValue('Write true or false.');
}
