import type { Command } from 'commander';
import { attachProcess } from '../attachedProcess.ts';
import { withClient } from '../cliContext.ts';
import { parseCount } from '../options.ts';

export function addLogs(parent: Command): void {
  parent
    .command('logs')
    .description('Show what a container has printed')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .option('-f, --follow', 'go on until it stops')
    .option('-n, --tail <lines>', 'only the last lines; all for all', (text) => (text === 'all' ? text : parseCount(text)))
    .action(logs);
}

async function logs(container: string, { follow = false, tail }: { readonly follow?: boolean; readonly tail?: number | 'all' }): Promise<void> {
  await withClient(async (client) => {
    const stream = await client.containers.logs(container, { follow, ...(typeof tail === 'number' && { tail }) });
    await attachProcess(stream, { terminal: false, stdin: false, started: Promise.resolve(), detachKeys: undefined });
  });
}
