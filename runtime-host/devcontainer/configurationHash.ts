import { createHash } from 'node:crypto';
import type { DevContainer } from './devcontainer.ts';

/**
 * Changes when the container would have to be made anew. Terminals' settings (remoteEnv, remoteUser) do not count, nor do
 * lifecycle commands, forwarded ports and the network's policy, which change while it runs.
 */
export function configurationHash(config: DevContainer, image: string): string {
  const { options: { policy: _policy, ...options }, hostname, sshAgent } = config.connections;
  const { entrypoints, volumes, guestFolders, labels, machine, hostRequirements: { cpus, memoryBytes } = {} } = config;
  const relevant = [
    image, config.workspaceMount, config.containerEnv, config.containerUser ?? '', config.mounts,
    // What is as it always was adds nothing, so that a newer Berth finds older containers as they should be.
    ...given({ ...options, hostname, sshAgent }),
    ...given({ ...config.world, overrideCommand: config.overrideCommand ? undefined : false }),
    ...given({ entrypoints: some(entrypoints), volumes: some(volumes), labels: some(labels), machine: some(machine), cpus, memoryBytes, guestFolders: some(guestFolders) }),
  ];
  return createHash('sha256').update(JSON.stringify(relevant)).digest('hex').slice(0, 16);
}

function given(values: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] {
  return Object.values(values).some((value) => value !== undefined) ? [values] : [];
}

function some<Value extends object>(value: Value): Value | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
