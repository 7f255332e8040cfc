import { InvalidArgumentError } from 'commander';
import { hasLabel } from '../protocol/labels.ts';
import { containerStates, type ContainerInfo } from '../protocol/types.ts';

/** `key=value` of --filter. */
export interface ListFilter {
  readonly key: FilterKey;
  readonly value: string;
}

type FilterKey = keyof typeof tests;
type Test = (info: ContainerInfo, value: string) => boolean;

/** Docker's word for a state beside ours. */
const stateWords: Readonly<Record<string, string>> = { exited: 'stopped' };

const tests = {
  id: (info, value) => info.id.startsWith(value),
  name: (info, value) => matchesName(info.name, value),
  status: (info, value) => (value === 'restarting' ? info.restarting === true : !info.restarting && info.state === (stateWords[value] ?? value)),
  label: (info, value) => hasLabel(info.labels, value),
  ancestor: (info, value) => info.image === value || info.image.replace(/^.*\//, '') === value || info.image.replace(/^.*\//, '').replace(/[:@].*$/, '') === value || info.manifestDigest.replace(/^sha256:/, '').startsWith(value),
  exited: (info, value) => info.state === 'stopped' && String(info.exitCode) === value,
  health: (info, value) => (info.health?.status ?? 'none') === value,
} satisfies Record<string, Test>;

const words: Readonly<Partial<Record<FilterKey, readonly string[]>>> = {
  status: [...containerStates, 'exited', 'restarting'],
  health: ['starting', 'healthy', 'unhealthy', 'none'],
};

export function parseFilter(text: string): ListFilter {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(0, equals));
  const value = text.slice(equals + 1);
  if (!isKey(key) || value === '') throw new InvalidArgumentError(`Write KEY=VALUE with one of ${Object.keys(tests).join(', ')}.`);
  const allowed = words[key];
  if (key === 'name') checkPattern(value);
  if (allowed && !allowed.includes(value)) throw new InvalidArgumentError(`“${key}” is one of ${allowed.join(', ')}.`);
  return { key, value };
}

/** As docker: several values of one key are alternatives, except labels, which must all be there; different keys must all fit. */
export function matchesFilters(info: ContainerInfo, filters: readonly ListFilter[]): boolean {
  return allFit(filters, ({ key, value }) => tests[key](info, value));
}

/** The rule of {@link matchesFilters} for lists of whatever. */
export function allFit<Filter extends { readonly key: string }>(filters: readonly Filter[], fits: (filter: Filter) => boolean): boolean {
  return [...Map.groupBy(filters, ({ key }) => key)].every(([key, group]) => (key === 'label' ? group.every(fits) : group.some(fits)));
}

/** Docker takes a regular expression, also one that begins with the slash that its names have inside. */
export function matchesName(name: string, pattern: string): boolean {
  const expression = new RegExp(pattern);
  return expression.test(name) || expression.test(`/${name}`);
}

export function checkPattern(text: string): void {
  try {
    new RegExp(text);
  } catch {
    throw new InvalidArgumentError(`“${text}” is not a regular expression.`);
  }
}

function isKey(key: string): key is FilterKey {
  return Object.hasOwn(tests, key);
}
