import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { minimumMemoryBytes, type ContainerInfo, type ContainerSpec, type Mount } from '../../runtime-host/protocol/types.ts';
import { configurationHash } from '../../runtime-host/devcontainer/configurationHash.ts';
import type { FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import { guestFolderTargets } from '../opening/guestFolders.ts';
import { folderIdentity, folderIdentityLabel } from '../opening/movedFolder.ts';
import { folderConnections } from './folderConnections.ts';
import { machineFor } from '../../runtime-host/devcontainer/machineNeeds.ts';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import { seenFrom } from '../opening/folderConfiguration.ts';
import { configurationFileLabel, configurationLabel, imageLabel, uriOf } from '../windowContainer.ts';
import { thisMachine } from './thisMachine.ts';

/**
 * Stays until the container is stopped, and then ends at once; needs nothing of the image but a shell and sleep. The
 * signals are those that images name as theirs to stop with, by numbers because not every shell knows all names:
 * HUP INT QUIT USR1 USR2 TERM WINCH PWR RTMIN+3.
 * @param entrypoints what the image's metadata wants to be run first
 */
function keepAlive(entrypoints: readonly string[]): string[] {
  return ['/bin/sh', '-c', ['trap "exit 0" 1 2 3 10 12 15 28 30 37', ...entrypoints, 'while :; do sleep 3600 & wait $!; done'].join('\n')];
}

export interface FolderSpecOptions {
  /** Real path. */
  readonly folder: string;
  /** With what the image adds to it. */
  readonly config: FolderConfig;
  /** As it is without the image: the container is compared with it, also when the image is not here any more. */
  readonly plain: FolderConfig;
  /** The folder's own among them. */
  readonly mounts: readonly Mount[];
  readonly image: string;
  readonly name: string;
}

/**
 * What the host is asked for: the folder, what its configuration grants, and nothing else.
 * @throws BerthError InvalidArgument when a setting cannot be meant, DevContainerInvalid when this machine has less than is required
 */
export function folderSpec({ folder, config, plain, mounts, image, name }: FolderSpecOptions): ContainerSpec {
  const settings = vscode.workspace.getConfiguration('berth', uriOf(folder));
  const memory = settings.get<number>('memory', 2048);
  const cpus = settings.get<number | null>('cpus', null);
  const least = minimumMemoryBytes / 1024 ** 2;
  if (!(memory >= least)) throw new BerthError('InvalidArgument', `The setting “berth.memory” must be at least ${least} (megabytes).`, { data: { option: 'memoryBytes' } });
  const volumes = [...config.volumes, ...guestFolderTargets(folder, config).map((target) => ({ target, readOnly: false }))];
  return {
    image,
    name,
    ...(config.overrideCommand ? { entrypoint: keepAlive(config.entrypoints) } : {}),
    ...config.world,
    workingDirectory: config.workspaceFolder,
    mounts,
    ...(volumes.length > 0 ? { volumes } : {}),
    env: Object.entries(config.containerEnv).map(([key, value]) => `${key}=${value}`),
    labels: {
      ...config.labels, [workspaceLabel]: folder, [folderIdentityLabel]: folderIdentity(folder), [configurationLabel]: configurationHash(plain, plain.image ?? image), [imageLabel]: image,
      ...(plain.file !== undefined && { [configurationFileLabel]: seenFrom(folder, plain.file) }),
    },
    ...machineFor(config, { memoryBytes: Math.round(memory) * 1024 * 1024, ...(cpus ? { cpus } : {}) }, thisMachine()),
    ...(config.containerUser ? { user: config.containerUser } : {}),
    ...folderConnections(config.connections, folder),
  };
}

/** Whether a container still is what the configuration asks for. Where that names no image, any will do. */
export function isMadeFrom({ labels, image }: ContainerInfo, config: FolderConfig): boolean {
  return labels[configurationLabel] === configurationHash(config, config.image ?? labels[imageLabel] ?? image);
}
