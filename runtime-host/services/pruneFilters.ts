import { hasLabel } from '../protocol/labels.ts';
import type { PruneFilters } from '../protocol/types.ts';

/** What filters look at. What does not know when it was created is older than anything, as an image may be. */
export interface Prunable {
  readonly labels?: Readonly<Record<string, string>>;
  readonly createdAt?: string | undefined;
}

/** Whether somebody who prunes with these filters means it. */
export function isMeant({ labels = {}, createdAt }: Prunable, filters: PruneFilters): boolean {
  const has = (wanted: string): boolean => hasLabel(labels, wanted);
  if (!(filters.labels ?? []).every(has) || (filters.withoutLabels ?? []).some(has)) return false;
  // A time that cannot be read keeps what has it.
  return filters.createdBefore === undefined || createdAt === undefined || Date.parse(createdAt) < Date.parse(filters.createdBefore);
}
