import { InvalidArgumentError } from 'commander';
import { hasLabel } from '../protocol/labels.ts';
import type { NetworkInfo } from '../protocol/networks.ts';
import { allFit, checkPattern, matchesName } from './listFilters.ts';
import { parseBoolean } from './options.ts';

/** `key=value` of `network ls --filter`. */
export interface NetworkFilter {
  readonly key: FilterKey;
  readonly value: string;
}

type FilterKey = keyof typeof tests;

const tests = {
  dangling: (info, value) => (info.containers.length === 0) === parseBoolean(value),
  label: (info, value) => hasLabel(info.labels, value),
  name: (info, value) => matchesName(info.name, value),
} satisfies Record<string, (info: NetworkInfo, value: string) => boolean>;

export function parseNetworkFilter(text: string): NetworkFilter {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(0, equals));
  const value = text.slice(equals + 1);
  if (!Object.hasOwn(tests, key) || value === '') throw new InvalidArgumentError(`Write KEY=VALUE with one of ${Object.keys(tests).join(', ')}.`);
  if (key === 'dangling') parseBoolean(value);
  if (key === 'name') checkPattern(value);
  return { key: key as FilterKey, value };
}

/** Several values of one key are alternatives, except labels; different keys must all fit. */
export function matchesNetworkFilters(info: NetworkInfo, filters: readonly NetworkFilter[]): boolean {
  return allFit(filters, ({ key, value }) => tests[key](info, value));
}
