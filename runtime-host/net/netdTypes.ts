import type { NetworkActivity, NetworkPolicy, PortProtocol } from '../protocol/networks.ts';

/*
 * What netd is told and tells (runtime-host/netd/README.md): JSON over HTTP on a unix socket.
 */

export interface NetdNetwork {
  readonly name: string;
  readonly subnet4: string;
  readonly gateway4: string;
  readonly host4: string;
  readonly subnet6?: string;
  readonly gateway6?: string;
  readonly host6?: string;
  readonly gatewayMac: string;
  readonly mtu: number;
  /** Files by which names are resolved that are not of the network. */
  readonly resolvConf: string;
  readonly hosts: string;
}

export interface NetdPort {
  /** Empty: the loopback addresses. */
  readonly hostAddress: string;
  /** 0: any that is free. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: PortProtocol;
}

/** A container in a network. */
export interface NetdMember {
  readonly name: string;
  readonly hostname?: string;
  readonly aliases: readonly string[];
  readonly mac: string;
  readonly address4: string;
  readonly address6?: string;
  readonly ports: readonly NetdPort[];
  readonly policy: NetworkPolicy & { readonly allow: readonly string[] };
  /** Names of its other networks. */
  readonly knows: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

export interface NetdMemberStatus {
  readonly id: string;
  readonly linked: boolean;
  /** With the host's real ports and addresses. */
  readonly ports: readonly NetdPort[];
  readonly droppedFrames: number;
  /** Counts since the member is there. */
  readonly activity: readonly NetworkActivity[];
}

export interface NetdStatus {
  readonly version: string;
  readonly pid: number;
  readonly network: NetdNetwork | null;
  readonly members: readonly NetdMemberStatus[];
}

export type NetdEvent =
  | { readonly type: 'hello'; readonly pid: number }
  | { readonly type: 'link'; readonly member: string; readonly up: boolean }
  | { readonly type: 'activity'; readonly member: string; readonly entries: readonly NetworkActivity[] };

/** Largest packet, for netd, QEMU and the guest: measured, see runtime-host/netd/README.md. */
export const networkMtu = 65_520;
