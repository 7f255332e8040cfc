import type { Command } from 'commander';
import type { Grant } from '../../protocol/grants.ts';
import { printList, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatTable } from '../output.ts';

const idLength = 8;

export function addGrantList(parent: Command): void {
  parent
    .command('ls')
    .alias('list')
    .description('List what was allowed and denied')
    .option('-q, --quiet', 'only ids')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(list);
}

async function list(options: { readonly quiet?: boolean; readonly format: Format }): Promise<void> {
  const grants = await withClient((client) => client.grants.list());
  printList(grants, options, ({ id }) => id, () => grantTable(grants));
}

function grantTable(grants: readonly Grant[]): string {
  const rows = grants.map(({ id, path, decision, readOnly, workspace, containers }) =>
    [id.slice(0, idLength), path, decision, decision === 'deny' ? '-' : readOnly ? 'read only' : 'read and write', workspace, String(containers.length)]);
  return formatTable(['ID', 'DIRECTORY', 'DECISION', 'ACCESS', 'WORKSPACE', 'CONTAINERS'], rows);
}
