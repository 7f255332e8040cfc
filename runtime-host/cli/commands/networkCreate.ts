import type { Command } from 'commander';
import type { NetworkSpec } from '../../protocol/networks.ts';
import { print, withClient } from '../cliContext.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { collect, parseBoolean, parseLabel } from '../options.ts';
import { parseDriver, parseNewNetwork, parseSubnet, parseSubnet6 } from '../options/subnetValues.ts';

interface CreateOptions {
  readonly subnet?: readonly string[];
  readonly subnetV6?: string;
  readonly ipv6?: boolean;
  readonly label?: readonly (readonly [string, string])[];
}

export function addNetworkCreate(parent: Command): void {
  parent
    .command('create')
    .description('Make a network, and print its name')
    .argument('<name>', 'its name', parseNewNetwork)
    .option('--subnet <cidr>', 'its IPv4 addresses, such as 10.20.0.0/24; a free range when absent', collect(parseSubnet))
    .option('--subnet-v6 <cidr>', 'its IPv6 addresses, a /64; a random private range when absent', parseSubnet6)
    .option('--ipv6 [boolean]', 'whether it has IPv6 at all (default: true)', parseBoolean)
    .option('-d, --driver <driver>', 'as without: there is one, which docker calls bridge', parseDriver)
    .option('-l, --label <key=value>', 'a label', collect(parseLabel))
    .action(create);
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const { name: made } = await withClient((client) => client.networks.create(networkSpec(name, options)));
  print(`${made}\n`);
}

/** With docker, --subnet is both for IPv4 and for IPv6. */
function networkSpec(name: string, { subnet = [], subnetV6, ipv6, label = [] }: CreateOptions): NetworkSpec {
  const [first, ...more] = subnet.filter((one) => !one.includes(':'));
  const [first6, ...more6] = [...subnet.filter((one) => one.includes(':')), ...(subnetV6 === undefined ? [] : [subnetV6])];
  if (more.length > 0 || more6.length > 0) throw new Exit(ExitStatus.wrongOption, 'A network has one range of IPv4 addresses and one of IPv6. Leave the others out.');
  if (ipv6 === false && first6 !== undefined) throw new Exit(ExitStatus.wrongOption, `A network without IPv6 cannot have the addresses ${first6}. Leave one of the two out.`);
  return {
    name,
    ...(first !== undefined && { subnet: first }),
    ...(ipv6 === false ? { subnet6: false } : first6 !== undefined && { subnet6: first6 }),
    ...(label.length > 0 && { labels: Object.fromEntries(label) }),
  };
}
