import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ProcessSchema, type ResolverSchema, StartContainerRequestSchema } from './gen/guest_pb.js';
import type { GuestContainer, GuestProcess } from './guestContainer.ts';

/** What StartContainer and MountContainer are told. */
export function containerMessage(container: Omit<GuestContainer, 'process'>, process?: GuestProcess): MessageInitShape<typeof StartContainerRequestSchema> {
  return create(StartContainerRequestSchema, {
    rootDevice: container.rootDevice,
    hostname: container.hostname,
    shares: container.shares.map((share) => ({ ...share })),
    volumes: container.volumes.map((volume) => ({ ...volume })),
    ...container.world,
    temporary: container.world.temporary.map((temporary) => ({ ...temporary })),
    interfaces: (container.interfaces ?? []).map((one) => ({ ...one, addresses: [...one.addresses] })),
    ...(container.resolver && { resolver: resolverMessage(container.resolver) }),
    hosts: (container.hosts ?? []).map((host) => ({ ...host })),
    certificates: [...(container.certificates ?? [])],
    ...(process && { process: processMessage(process) }),
  });
}

function resolverMessage({ servers, search = [], options = [] }: NonNullable<GuestContainer['resolver']>): MessageInitShape<typeof ResolverSchema> {
  return { servers: [...servers], search: [...search], options: [...options] };
}

/** A process as the contract has it. */
export function processMessage(process: GuestProcess): MessageInitShape<typeof ProcessSchema> {
  return create(ProcessSchema, {
    ...process,
    arguments: [...process.arguments],
    environment: [...process.environment],
    limits: [...process.limits],
    additionalGroups: [...process.additionalGroups],
    ...(process.size ? { size: { columns: process.size.columns, rows: process.size.rows } } : {}),
  });
}
