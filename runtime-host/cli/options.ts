import { InvalidArgumentError } from 'commander';

export { parseBoolean, parseBytes, parseCpus, parseEnv, parseLabel, parseMemory } from '../protocol/values/plainValues.ts';

/*
 * Values of options, from what the user wrote. Each throws commander's InvalidArgumentError, whose message follows
 * "error: option '…' argument '…' is invalid."
 */

/** Collects an option that may be given several times. */
export function collect<T>(parse: (text: string) => T): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous = []) => [...previous, parse(text)];
}

/** A whole number of seconds or lines. */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number.');
}

export type Format = 'json' | 'table';

export function parseFormat(text: string): Format {
  if (text === 'json' || text === 'table') return text;
  throw new InvalidArgumentError('Write json or table.');
}
