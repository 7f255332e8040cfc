import type { Command } from 'commander';
import type { NetworkPolicy } from '../../protocol/networks.ts';
import { print, withClient } from '../cliContext.ts';
import { parseFormat } from '../options.ts';
import type { Format } from '../options.ts';
import { formatJson } from '../output.ts';
import { addPolicyOptions, policyOf, type PolicyOptions } from '../options/policyValues.ts';

const openPolicy: NetworkPolicy = { mode: 'open' };

export function addNetworkPolicy(parent: Command): void {
  const command = parent
    .command('policy')
    .description('Show what a container may reach, or change it, also while it runs')
    .argument('<container>', 'its id, the beginning of it, or its name');
  addPolicyOptions(command)
    .option('--format <format>', 'json or table', parseFormat, 'table')
    .addHelpText('after', '\n--network-policy replaces everything; --allow alone adds to what it may reach already.')
    .action(policy);
}

async function policy(container: string, { format, ...options }: PolicyOptions & { readonly format: Format }): Promise<void> {
  const now = await withClient(async (client) => {
    const { policy: before = openPolicy } = await client.containers.inspect(container);
    const wanted = changedPolicy(before, options);
    return wanted ? (await client.networks.setPolicy(container, wanted)).policy ?? openPolicy : before;
  });
  print(format === 'json' ? formatJson(now) : [now.mode, ...(now.allow ?? [])].map((line) => `${line}\n`).join(''));
}

function changedPolicy(before: NetworkPolicy, options: PolicyOptions): NetworkPolicy | undefined {
  const wanted = policyOf(options);
  if (!wanted || options.networkPolicy !== undefined) return wanted;
  return policyOf({ networkPolicy: before.mode, allow: [...(before.allow ?? []), ...(wanted.allow ?? [])] });
}
