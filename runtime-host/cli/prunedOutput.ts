import type { PruneResult } from '../protocol/types.ts';
import { print } from './cliContext.ts';
import { formatSize } from './output.ts';

type Pruned = readonly (readonly [kind: string, result: PruneResult])[];

/** What was removed, by kind, and the room that came free. */
export function printPruned(results: Pruned): void {
  printRemoved(results);
  print(`Total reclaimed space: ${formatSize(results.reduce((bytes, [, { reclaimedBytes }]) => bytes + reclaimedBytes, 0))}\n`);
}

/** What was removed, by kind. */
export function printRemoved(results: Pruned): void {
  for (const [kind, { removed }] of results) {
    if (removed.length > 0) print(`Removed ${kind}:\n${removed.map((name) => `${name}\n`).join('')}\n`);
  }
}
