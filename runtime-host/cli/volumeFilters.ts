import { InvalidArgumentError } from 'commander';
import { hasLabel } from '../protocol/labels.ts';
import type { VolumeInfo } from '../protocol/volumes.ts';
import { allFit, checkPattern, matchesName } from './listFilters.ts';
import { parseBoolean } from './options.ts';

/** `key=value` of `volume ls --filter`. */
export interface VolumeFilter {
  readonly key: FilterKey;
  readonly value: string;
}

type FilterKey = keyof typeof tests;

const tests = {
  dangling: (info, value) => (info.containers.length === 0) === parseBoolean(value),
  driver: (info, value) => info.driver === value,
  label: (info, value) => hasLabel(info.labels, value),
  name: (info, value) => matchesName(info.name, value),
} satisfies Record<string, (info: VolumeInfo, value: string) => boolean>;

export function parseVolumeFilter(text: string): VolumeFilter {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(0, equals));
  const value = text.slice(equals + 1);
  if (!Object.hasOwn(tests, key) || value === '') throw new InvalidArgumentError(`Write KEY=VALUE with one of ${Object.keys(tests).join(', ')}.`);
  if (key === 'dangling') parseBoolean(value);
  if (key === 'name') checkPattern(value);
  return { key: key as FilterKey, value };
}

/** Several values of one key are alternatives, except labels; different keys must all fit. */
export function matchesVolumeFilters(info: VolumeInfo, filters: readonly VolumeFilter[]): boolean {
  return allFit(filters, ({ key, value }) => tests[key](info, value));
}
