import type { VolumeInfo } from '../protocol/volumes.ts';
import { matchesResourceFilters, parseResourceFilter, resourceTests, type ResourceFilter } from './resourceFilters.ts';

/** `key=value` of `volume ls --filter`. */
export type VolumeFilter = ResourceFilter;

const { dangling, label, name } = resourceTests;
/** In the order in which a mistake's message lists them. */
const tests = { dangling, driver: ({ driver }: VolumeInfo, value: string) => driver === value, label, name };

export function parseVolumeFilter(text: string): VolumeFilter {
  return parseResourceFilter(tests, text);
}

export function matchesVolumeFilters(info: VolumeInfo, filters: readonly VolumeFilter[]): boolean {
  return matchesResourceFilters(tests, info, filters);
}
