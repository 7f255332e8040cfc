import type { Command } from 'commander';
import { print, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson } from '../output.ts';
import { parsePsOptions, processTable } from '../processTable.ts';

export function addTop(parent: Command): void {
  parent
    .command('top')
    .description('Show the processes in a container; their numbers are those that the container sees')
    .usage('[--format json] CONTAINER [ps options]')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .argument('[options...]', 'how to show them: -ef, aux, -e, -o pid,user,args')
    .passThroughOptions()
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .action(top);
}

async function top(container: string, words: readonly string[], { format }: { readonly format: Format }): Promise<void> {
  const columns = parsePsOptions(words);
  await withClient(async (client) => {
    const processes = await client.containers.processes(container);
    const { memoryBytes } = await client.containers.inspect(container);
    print(format === 'json' ? formatJson(processes) : processTable(processes, columns, { memoryBytes, now: Date.now() }));
  });
}
