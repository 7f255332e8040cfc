import { isAbsolute } from 'node:path';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerSpec } from '../../protocol/types.ts';
import { checkHostSocketPath } from './hostSockets.ts';

/**
 * Checks what can be checked of published sockets and the SSH agent before the container starts.
 * @throws BerthError InvalidArgument
 */
export function checkSockets({ sockets = [], sshAgent }: Pick<ContainerSpec, 'sockets' | 'sshAgent'>): void {
  for (const { hostPath, containerPath } of sockets) {
    checkHostSocketPath(hostPath);
    if (!containerPath.startsWith('/')) throw invalid(`The socket “${containerPath}” of the container is no absolute path.`, 'sockets');
  }
  const paths = sockets.map(({ hostPath }) => hostPath);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw invalid(`The socket ${twice} is to lead to two places. Choose another path for one of them.`, 'sockets');
  if (sshAgent !== undefined && !isAbsolute(sshAgent)) throw invalid(`The SSH agent’s socket “${sshAgent}” is no absolute path.`, 'sshAgent');
}

function invalid(message: string, option: 'sockets' | 'sshAgent'): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option } });
}
