/** The network that a container joins when nothing else is asked for. */
export const defaultNetwork = 'default';

/** How a network, or a further name of a container in it, may be called. */
export const networkNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

export interface NetworkSpec {
  readonly name: string;
  /** IPv4 in CIDR notation; a free range when absent. */
  readonly subnet?: string;
  /** IPv6, a /64 in CIDR notation; a random unique local one (RFC 4193) when absent, none when false. */
  readonly subnet6?: string | false;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface NetworkInfo {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Where containers find the host: what `host.berth.internal` resolves to. */
  readonly hostAddress: string;
  /** These three are absent without IPv6. */
  readonly subnet6?: string;
  readonly gateway6?: string;
  readonly hostAddress6?: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Those that refer to it, whether they run or not. */
  readonly containers: readonly NetworkMember[];
}

export interface NetworkMember {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly address6?: string;
}

/** A wish to join a network. What is absent is chosen, once, for the container's life. */
export interface NetworkAttachment {
  readonly network: string;
  /** Names beside the container's own. */
  readonly aliases?: readonly string[];
  /** IPv4 address. */
  readonly address?: string;
  readonly address6?: string;
  /** Such as `02:42:ac:11:00:02`. */
  readonly mac?: string;
}

/** What a container has in a network; `eth0` is the first. */
export interface ContainerNetwork {
  readonly network: string;
  readonly aliases?: readonly string[];
  /** IPv4 address. */
  readonly address: string;
  /** Length of the subnet's prefix. */
  readonly prefixLength: number;
  readonly gateway: string;
  /** These three are absent without IPv6. */
  readonly address6?: string;
  readonly prefixLength6?: number;
  readonly gateway6?: string;
  readonly mac: string;
}

export const portProtocols = ['tcp', 'udp'] as const;
export type PortProtocol = (typeof portProtocols)[number];

/** A port of the host that leads to one of the container's. */
export interface PublishedPort {
  /** Absent: the loopback addresses. */
  readonly hostAddress?: string;
  /** 0 in a specification: any that is free, chosen at each start. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: PortProtocol;
}

export const networkPolicyModes = ['open', 'host-only', 'none', 'allowlist', 'learn'] as const;
export type NetworkPolicyMode = (typeof networkPolicyModes)[number];

/** What a container may reach by itself (runtime-host/netd/README.md). */
export interface NetworkPolicy {
  readonly mode: NetworkPolicyMode;
  /** `HOST[:PORT]`, a HOST being a name, `*.name`, an address or a CIDR. */
  readonly allow?: readonly string[];
}

/** What a container used or tried to use of the network. */
export interface NetworkActivity {
  /** An address; of DNS questions empty. */
  readonly destination: string;
  /** The name by which it was found, or that was asked for. */
  readonly name?: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'dns';
  readonly verdict: 'allowed' | 'denied';
  readonly count: number;
  /** RFC 3339. */
  readonly lastAt: string;
}

export interface ResolverOptions {
  /** Addresses of name servers instead of the network's own. */
  readonly servers?: readonly string[];
  readonly search?: readonly string[];
  /** As in resolv.conf(5). */
  readonly options?: readonly string[];
  /** /etc/resolv.conf stays as the image has it. */
  readonly disabled?: boolean;
}

/** A line of the container's /etc/hosts. */
export interface HostEntry {
  readonly name: string;
  /** Or `host-gateway`: the host. */
  readonly address: string;
}

/** A unix socket of the host that leads to one of the container's. */
export interface PublishedSocket {
  /** Absolute paths. */
  readonly hostPath: string;
  readonly containerPath: string;
}

/** How a container is connected. Absent members: the default network, an open policy, nothing published. */
export interface ConnectionOptions {
  /** None when empty. */
  readonly networks?: readonly NetworkAttachment[];
  readonly ports?: readonly PublishedPort[];
  /** Every port that the image exposes, too, on any free one of the host. */
  readonly publishAllPorts?: boolean;
  readonly sockets?: readonly PublishedSocket[];
  readonly policy?: NetworkPolicy;
  readonly resolver?: ResolverOptions;
  readonly extraHosts?: readonly HostEntry[];
  /** The client's proxy variables, such as `HTTPS_PROXY`, which the container gets in its environment. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** Whether the container trusts the certificates that the user has added to the host; yes when absent. */
  readonly hostCertificates?: boolean;
  /** Absolute path of the host's SSH agent's socket; the container then has SSH_AUTH_SOCK. */
  readonly sshAgent?: string;
}

/** The names of {@link ConnectionOptions}, for whoever passes them on. */
export const connectionOptionNames = [
  'networks', 'ports', 'publishAllPorts', 'sockets', 'policy', 'resolver', 'extraHosts', 'proxies', 'hostCertificates', 'sshAgent',
] as const satisfies readonly (keyof ConnectionOptions)[];

/** A socket in the container that waits for connections. */
export interface Listener {
  readonly protocol: PortProtocol;
  /** As the guest's kernel has it: `0.0.0.0`, `::`, `127.0.0.1`, … */
  readonly address: string;
  readonly port: number;
  /** Of the process that listens, where it is known. */
  readonly processName?: string;
  readonly pid?: number;
}

/** A port of the host that a client has asked to lead into a running container, until it stops. */
export interface ForwardedPort {
  readonly container: string;
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
}
