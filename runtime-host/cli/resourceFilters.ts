import { InvalidArgumentError } from 'commander';
import { hasLabel } from '../protocol/labels.ts';
import { allFit, checkPattern, matchesName } from './listFilters.ts';
import { parseBoolean } from './options.ts';

/** What volumes and networks have in common. */
export interface Resource {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Those that refer to it. */
  readonly containers: readonly unknown[];
}

/** `key=value` of `--filter`. */
export interface ResourceFilter {
  readonly key: string;
  readonly value: string;
}

type Tests<Info> = Readonly<Record<string, (info: Info, value: string) => boolean>>;

/** The keys of every resource. */
export const resourceTests = {
  dangling: ({ containers }, value) => (containers.length === 0) === parseBoolean(value),
  label: ({ labels }, value) => hasLabel(labels, value),
  name: ({ name }, value) => matchesName(name, value),
} satisfies Tests<Resource>;

/** @throws InvalidArgumentError when the key is none of the tests', or its value cannot be meant */
export function parseResourceFilter(tests: Tests<never>, text: string): ResourceFilter {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(0, equals));
  const value = text.slice(equals + 1);
  if (!Object.hasOwn(tests, key) || value === '') throw new InvalidArgumentError(`Write KEY=VALUE with one of ${Object.keys(tests).join(', ')}.`);
  if (key === 'dangling') parseBoolean(value);
  if (key === 'name') checkPattern(value);
  return { key, value };
}

/** Several values of one key are alternatives, except labels; different keys must all fit. */
export function matchesResourceFilters<Info>(tests: Tests<Info>, info: Info, filters: readonly ResourceFilter[]): boolean {
  return allFit(filters, ({ key, value }) => tests[key]?.(info, value) ?? false);
}
