import { BerthError } from '../protocol/errors.ts';
import type { ContainerService } from '../services/interfaces.ts';

/**
 * The id of a container that is to run a further process.
 * @throws BerthError ContainerNotFound, ContainerNotRunning
 */
export async function runningContainer(containers: ContainerService, container: string): Promise<string> {
  const { id, name, state } = await containers.inspect(container);
  if (state !== 'running') {
    throw new BerthError('ContainerNotRunning', `The container “${name}” is not running. Start it with “container start ${name}”.`, { data: { container: id } });
  }
  return id;
}
