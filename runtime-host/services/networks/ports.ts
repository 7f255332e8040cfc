import type { NetdMember, NetdPort } from '../../net/netdTypes.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { PublishedPort } from '../../protocol/networks.ts';
import type { Container } from '../container.ts';

export function publishedPorts(ports: readonly NetdPort[]): PublishedPort[] {
  return ports.map(({ hostAddress, hostPort, containerPort, protocol }) => ({ ...(hostAddress !== '' && { hostAddress }), hostPort, containerPort, protocol }));
}

/** Says who has a port that a container could not have. */
export function portInUse(error: BerthError, container: Container, all: readonly Container[]): BerthError {
  const { address, port, protocol } = error.data ?? {};
  const holder = all.find((other) => other !== container && (other.network?.ports ?? []).some((taken) => taken.hostPort === port && taken.protocol === protocol) || (other.id !== container.id && other.info().forwards?.some((forward) => forward.hostPort === port)));
  const by = holder ? `container “${holder.name}”` : 'another program';
  const advice = holder ? 'Stop that container, or publish another port.' : 'End that program, or publish another port.';
  return new BerthError('PortInUse', `The port ${port}/${protocol} of this machine (${address}) is taken: ${by} has it. ${advice}`, { cause: error, data: { ...error.data, ...(holder && { id: holder.id }) } });
}

/** Ports that were left to netd are from now on those that it has chosen, each for one of them. */
export function withPorts(member: NetdMember, real: readonly NetdPort[]): NetdMember {
  const fits = (port: NetdPort, other: NetdPort): boolean => other.containerPort === port.containerPort && other.protocol === port.protocol && isOf(port.hostAddress, other.hostAddress);
  const left = real.filter((other) => other.hostPort !== 0 && !member.ports.some((port) => port.hostPort === other.hostPort && fits(port, other)));
  const choose = (port: NetdPort): NetdPort => {
    const index = left.findIndex((other) => fits(port, other));
    return index < 0 ? port : { ...port, hostPort: left.splice(index, 1)[0]!.hostPort };
  };
  return { ...member, ports: member.ports.map((port) => (port.hostPort === 0 ? choose(port) : port)) };
}

function isOf(wanted: string, real: string): boolean {
  return wanted === real || (wanted === '' && (real === '127.0.0.1' || real === '::1'));
}
