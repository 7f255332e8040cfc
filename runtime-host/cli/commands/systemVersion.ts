import type { Command } from 'commander';
import { version } from '../../protocol/version.ts';
import { print } from '../cliContext.ts';
import { readHostVersion } from '../hostVersion.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson, formatTable } from '../output.ts';

export function addSystemVersion(parent: Command): void {
  parent
    .command('version')
    .description('Show the versions of this command and of the runtime host')
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(showVersion);
}

async function showVersion({ format }: { readonly format: Format }): Promise<void> {
  const host = await readHostVersion();
  const rows = [['container', version], ['runtime host', host ?? 'not running'], ['node', process.versions.node]];
  print(format === 'json' ? formatJson({ container: version, host: host ?? null, node: process.versions.node }) : formatTable(['COMPONENT', 'VERSION'], rows));
}
