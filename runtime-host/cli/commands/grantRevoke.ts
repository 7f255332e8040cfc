import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import type { Grant } from '../../protocol/grants.ts';
import { forEachName, withClient } from '../cliContext.ts';

export function addGrantRevoke(parent: Command): void {
  parent
    .command('revoke')
    .description('Forget decisions, and take the directories away, also from containers that run')
    .argument('<grant...>', 'ids, or the beginnings of them')
    .action(revoke);
}

async function revoke(ids: readonly string[]): Promise<void> {
  await withClient((client) => forEachName(ids, async (id) => client.grants.revoke(wholeId(id, await client.grants.list()))));
}

function wholeId(beginning: string, grants: readonly Grant[]): string {
  const found = grants.filter(({ id }) => id.startsWith(beginning));
  if (found.length > 1) throw new BerthError('InvalidArgument', `Several grants begin with “${beginning}”. Write more of it.`);
  return found[0]?.id ?? beginning; // The host has the words for what there is not.
}
