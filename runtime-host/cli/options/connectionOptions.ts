import type { ConnectionOptions, HostEntry, PublishedPort, PublishedSocket, ResolverOptions } from '../../protocol/networks.ts';
import { clientProxies, parseAddHost, parseDns, parseDnsOption, parseDnsSearch } from '../../protocol/values/hostValues.ts';
import { parseAddress4, parseAddress6, parseAlias, parseMac, parseNetwork, type NetworkValue } from '../../protocol/values/networkValues.ts';
import { parseExpose, parsePublish, parsePublishSocket } from '../../protocol/values/portValues.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { collect } from '../options.ts';
import { agentSocket } from './agentSocket.ts';
import { networksOf, type FirstNetworkOptions } from './networksOf.ts';
import { optionGroup } from './optionGroup.ts';
import { addPolicyOptions, policyOf, type PolicyOptions } from './policyValues.ts';

interface Options extends FirstNetworkOptions, PolicyOptions, DnsOptions {
  readonly network?: readonly NetworkValue[];
  readonly publish?: readonly (readonly PublishedPort[])[];
  readonly publishAll?: boolean;
  readonly expose?: readonly (readonly PublishedPort[])[];
  readonly publishSocket?: readonly PublishedSocket[];
  readonly ssh?: boolean;
  readonly addHost?: readonly HostEntry[];
  readonly hostProxies: boolean;
  readonly hostCertificates: boolean;
}

interface DnsOptions {
  /** False after `--no-dns`. */
  readonly dns?: readonly string[] | false;
  readonly dnsSearch?: readonly string[];
  readonly dnsOption?: readonly string[];
}

/** Which networks it joins, what leads into it, and what it may reach. */
export const connectionOptions = optionGroup<Options>('Network', (command) => {
  command
    .option('--net, --network <name[,ip=…]>', 'a network to join; also ip6=, mac= and alias=; “none” for no network', collect(parseNetwork))
    .option('--net-alias, --network-alias <name>', 'a further name in the first network', collect(parseAlias))
    .option('--ip <address>', 'its IPv4 address in the first network', parseAddress4)
    .option('--ip6 <address>', 'its IPv6 address in the first network', parseAddress6)
    .option('--mac-address <address>', 'its MAC address in the first network', parseMac)
    .option('-p, --publish <[address:][host:]port>', 'let a port of the host lead to one of its ports: 8080:80, 53:53/udp, 8000-8009:80-89', collect(parsePublish))
    .option('-P, --publish-all', 'publish every port that the image exposes, on free ports of the host')
    .option('--expose <port[/protocol]>', 'a further port for --publish-all', collect(parseExpose))
    .option('--publish-socket <host:container>', 'let a unix socket of the host lead to one of its sockets', collect((text) => parsePublishSocket(text)))
    .option('--ssh', 'let it use your SSH agent');
  addPolicyOptions(command)
    .option('--dns <address>', 'a name server, instead of the network’s own', (text, previous?: readonly string[] | false) => [...(previous || []), parseDns(text)])
    .option('--dns-search <domain>', 'where short names are looked for', collect(parseDnsSearch))
    .option('--dns-opt, --dns-option <option>', 'an option of resolv.conf, such as ndots:2', collect(parseDnsOption))
    .option('--no-dns', 'leave /etc/resolv.conf as the image has it')
    .option('--add-host <name:address>', 'a line of /etc/hosts; the address may be host-gateway, the host', collect(parseAddHost))
    .option('--no-host-proxies', 'do not pass on your HTTP_PROXY, HTTPS_PROXY, … variables')
    .option('--no-host-certificates', 'do not trust the certificates that were added to the host');
}, (options): ConnectionOptions => {
  const { network, publish = [], publishAll, expose = [], publishSocket, ssh, addHost, hostProxies, hostCertificates } = options;
  const networks = networksOf(network, { ip: options.ip, ip6: options.ip6, macAddress: options.macAddress, networkAlias: options.networkAlias });
  const ports = distinct([...publish.flat(), ...(publishAll ? expose.flat() : [])]);
  const resolver = resolverOf(options);
  const policy = policyOf(options);
  const proxies = hostProxies ? clientProxies() : {};
  return {
    ...(networks && { networks }),
    ...(ports.length > 0 && { ports }),
    ...(publishAll && { publishAllPorts: true }),
    ...(publishSocket && { sockets: publishSocket }),
    ...(policy && { policy }),
    ...(resolver && { resolver }),
    ...(addHost && { extraHosts: addHost }),
    ...(Object.keys(proxies).length > 0 && { proxies }),
    ...(hostCertificates ? {} : { hostCertificates }),
    ...(ssh && { sshAgent: agentSocket() }),
  };
});

/** Without those that are there twice; each wish for any port of the host is one of its own. */
function distinct(ports: readonly PublishedPort[]): PublishedPort[] {
  const key = ({ hostAddress, hostPort, containerPort, protocol }: PublishedPort, index: number): string => [hostAddress, hostPort, containerPort, protocol, ...(hostPort === 0 ? [index] : [])].join('|');
  return [...new Map(ports.map((port, index) => [key(port, index), port])).values()];
}

function resolverOf({ dns, dnsSearch, dnsOption }: DnsOptions): ResolverOptions | undefined {
  if (dns === false) {
    if (dnsSearch || dnsOption) throw new Exit(ExitStatus.wrongOption, 'With --no-dns the container’s /etc/resolv.conf is the image’s. Leave --no-dns, or --dns-search and --dns-option, out.');
    return { disabled: true };
  }
  if (!dns && !dnsSearch && !dnsOption) return undefined;
  return {
    ...(dns && { servers: dns }),
    ...(dnsSearch && { search: dnsSearch.filter((domain) => domain !== '.') }),
    ...(dnsOption && { options: dnsOption }),
  };
}
