import type { NetworkInfo } from '../protocol/networks.ts';
import { matchesResourceFilters, parseResourceFilter, resourceTests, type ResourceFilter } from './resourceFilters.ts';

/** `key=value` of `network ls --filter`. */
export type NetworkFilter = ResourceFilter;

export function parseNetworkFilter(text: string): NetworkFilter {
  return parseResourceFilter(resourceTests, text);
}

export function matchesNetworkFilters(info: NetworkInfo, filters: readonly NetworkFilter[]): boolean {
  return matchesResourceFilters(resourceTests, info, filters);
}
