import { BerthError } from '../../protocol/errors.ts';
import type { GuestWorld } from '../../guest/guestContainer.ts';
import type { ContainerSpec, Mount } from '../../protocol/types.ts';
import { worldOptionNames, type WorldOptions } from '../../protocol/worldOptions.ts';
import { confinementOf, limitsOf, type Confinement, type ResourceLimit } from './confinement.ts';
import { temporaryFileSystem } from './temporaryFileSystems.ts';

/** What is the same for every process of a container. */
export interface GuestRights {
  readonly confinement: Confinement;
  readonly limits: readonly ResourceLimit[];
  readonly additionalGroups: readonly string[];
}

/**
 * The part of a specification that is about the container's world, checked; undefined when it says nothing about it.
 * @throws BerthError InvalidArgument
 */
export function worldOf(spec: ContainerSpec, mounts: readonly Mount[] = []): WorldOptions | undefined {
  const world: WorldOptions = Object.fromEntries(worldOptionNames.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]));
  if (Object.keys(world).length === 0) return undefined;
  rightsOf(world);
  checkHostname(world.hostname);
  const taken = new Set(mounts.map(({ target }) => target));
  for (const { target } of guestWorld(world).temporary) {
    if (taken.has(target)) throw new BerthError('InvalidArgument', `Two things are mounted at “${target}” of the container. Give each its own place.`, { data: { option: 'tmpfs' } });
    taken.add(target);
  }
  return world;
}

/** @param privileged see {@link confinementOf} */
export function rightsOf(world: WorldOptions = {}, privileged?: boolean): GuestRights {
  return {
    confinement: confinementOf(world, privileged || world.privileged),
    limits: limitsOf(world.ulimits),
    additionalGroups: world.additionalGroups ?? [],
  };
}

export function guestWorld(world: WorldOptions = {}): GuestWorld {
  return {
    temporary: (world.tmpfs ?? []).map(temporaryFileSystem),
    sharedMemoryBytes: BigInt(world.sharedMemoryBytes ?? 0),
    readOnlyRoot: world.readOnlyRoot ?? false,
    privileged: world.privileged ?? false,
    unmasked: world.unmasked ?? false,
    maximumProcesses: BigInt(world.pidsLimit ?? 0),
  };
}

function checkHostname(name: string | undefined): void {
  if (name === undefined || /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/.test(name)) return;
  throw new BerthError('InvalidArgument', `“${name}” is no host name. Use at most 63 letters, digits, “.” and “-”.`, { data: { option: 'hostname' } });
}
