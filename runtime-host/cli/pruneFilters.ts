import { InvalidArgumentError, type Command } from 'commander';
import type { PruneFilters } from '../protocol/types.ts';
import { collect } from './options.ts';
import { parseMoment } from './since.ts';

/** The last moment that can be written down with a year of four digits. */
const latest = Date.parse('9999-12-31T23:59:59Z');

interface PruneFilter {
  readonly key: 'label' | 'label!' | 'until';
  readonly value: string;
}

/** Declares `--filter` of a `prune`, whose values {@link pruneFilters} puts together. */
export function addPruneFilter(command: Command, { until }: { readonly until: boolean }): Command {
  const keys = until ? 'label=KEY[=VALUE], label!=KEY[=VALUE] or until=TIME' : 'label=KEY[=VALUE] or label!=KEY[=VALUE]';
  return command.option('--filter <filter>', `only some: ${keys}`, collect((text) => parsePruneFilter(text, until)));
}

/** @param until whether the things have an age that can be asked for */
export function parsePruneFilter(text: string, until = true): PruneFilter {
  const [, key, value] = /^(label!?|until)=(.+)$/s.exec(text) ?? [];
  if (value === undefined || (key === 'until' && !until)) throw new InvalidArgumentError(`Write label=KEY, label=KEY=VALUE${until ? ', label!=KEY or until=10m' : ' or label!=KEY'}.`);
  return key === 'until' ? { key, value: new Date(Math.min(parseMoment(value), latest)).toISOString() } : { key: key as 'label' | 'label!', value };
}

/** As with docker they must all fit; of several times the earliest counts. */
export function pruneFilters(filters: readonly PruneFilter[] = []): PruneFilters {
  const values = (wanted: PruneFilter['key']): string[] => filters.filter(({ key }) => key === wanted).map(({ value }) => value);
  const [labels, withoutLabels, [createdBefore]] = [values('label'), values('label!'), values('until').sort()];
  return { ...(labels.length > 0 && { labels }), ...(withoutLabels.length > 0 && { withoutLabels }), ...(createdBefore !== undefined && { createdBefore }) };
}

export type PruneFilterOption = { readonly filter?: readonly PruneFilter[] };
