import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo, ExecOptions } from '../../runtime-host/protocol/types.ts';
import type { FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { containerConfig } from '../opening/folderConfiguration.ts';
import { execOptions, remoteUser, type ProcessRequest } from './execOptions.ts';

export type { ProcessRequest } from './execOptions.ts';

/**
 * How a process of the user's is started in a container: a terminal's shell, a task, a debugged program, a language
 * server. `containers.exec` takes the result.
 * @throws BerthError when the configuration cannot be read; one that is only wrong is left out, with a warning in the log
 */
export async function processOptions(services: Services, container: ContainerInfo, request: ProcessRequest): Promise<ExecOptions> {
  const config = await configOf(services, container);
  return execOptions(container, config, request, await environmentOf(services, container, config));
}

/** `NAME=value`, what the user's own shell has in the container; empty when that is not asked for, or not known. */
export async function probedEnvironment(services: Services, container: ContainerInfo): Promise<readonly string[]> {
  return environmentOf(services, container, await configOf(services, container));
}

function environmentOf({ environments }: Services, container: ContainerInfo, config: FolderConfig | undefined): Promise<readonly string[]> {
  return environments.of(container, { probe: config?.userEnvProbe ?? 'none', user: remoteUser(container, config) });
}

/**
 * The configuration of the folder that a container was made for, as it is now; undefined without one, or when it cannot be
 * used: a file that is just being edited must not keep anybody from a container that runs.
 */
export async function configOf(services: Services, container: ContainerInfo): Promise<FolderConfig | undefined> {
  try {
    return await containerConfig(services, container);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'DevContainerInvalid') throw error;
    services.log.warn(`A process is started without the folder’s configuration: ${describe(error)}`);
    return undefined;
  }
}
