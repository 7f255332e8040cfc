import type { TerminalSize } from '../protocol/types.ts';

export interface GuestProcess {
  /** Chosen by the host, unique in the VM. */
  readonly id: string;
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly size?: TerminalSize;
  readonly confinement: { readonly capabilities: bigint; readonly noNewPrivileges: boolean; readonly unfiltered: boolean };
  /** Numbers as setrlimit(2) has them. */
  readonly limits: readonly { readonly resource: number; readonly soft: bigint; readonly hard: bigint }[];
  readonly additionalGroups: readonly string[];
  /** Run the first process below an init. */
  readonly init?: boolean;
}

/** What the container's processes find around them. */
export interface GuestWorld {
  readonly temporary: readonly { readonly target: string; readonly readOnly: boolean; readonly executable: boolean; readonly setUserId: boolean; readonly devices: boolean; readonly options: string }[];
  /** 0 for the default. */
  readonly sharedMemoryBytes: bigint;
  readonly readOnlyRoot: boolean;
  readonly privileged: boolean;
  readonly unmasked: boolean;
  /** 0 for no limit. */
  readonly maximumProcesses: bigint;
}

export interface GuestShare {
  /** Empty when it is `live`. */
  readonly tag: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Whose files belong to everybody in the guest. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** It was mounted by {@link GuestClient.mountShare} and gets its place now. */
  readonly live?: boolean;
}

export interface GuestContainer {
  readonly rootDevice: string;
  readonly hostname: string;
  readonly shares: readonly GuestShare[];
  readonly volumes: readonly { readonly serial: string; readonly target: string; readonly readOnly: boolean; readonly copyUp: boolean }[];
  readonly world: GuestWorld;
  readonly process: GuestProcess;
  /** eth0, eth1, … Addresses in CIDR notation, IPv4 first; default routes only on the first. */
  readonly interfaces?: readonly GuestInterface[];
  /** Absent: /etc/resolv.conf stays as the image has it. With no servers it says that there are none. */
  readonly resolver?: { readonly servers: readonly string[]; readonly search?: readonly string[]; readonly options?: readonly string[] };
  /** Lines of /etc/hosts beside those for the host name. */
  readonly hosts?: readonly { readonly name: string; readonly address: string }[];
  /** PEM, one certificate each, for the container's trust store. */
  readonly certificates?: readonly Uint8Array[];
}

export interface GuestInterface {
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly gateway4?: string;
  readonly gateway6?: string;
  readonly mtu: number;
}
