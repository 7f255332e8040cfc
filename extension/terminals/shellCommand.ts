import type { ContainerInfo, ExecOptions, TerminalSize } from '../../runtime-host/protocol/types.ts';
import { resolveRemoteEnv, type DevContainer } from '../config/devcontainer.ts';

/** A login shell: bash where the image has it, else sh. */
const loginShell = ['/bin/sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi'];

/**
 * What to run for a terminal in a container.
 * @param config of the folder that the container was made for, as it is now: the container may be older than it
 */
export function shellCommand(container: ContainerInfo, config: DevContainer | undefined, size: TerminalSize | undefined): ExecOptions {
  const user = config?.remoteUser ?? container.user;
  const workingDirectory = config && isShared(container, config.workspaceFolder) ? config.workspaceFolder : container.workingDirectory;
  return {
    command: loginShell,
    terminal: true,
    stdin: true,
    hangUp: true,
    env: ['TERM=xterm-256color', 'COLORTERM=truecolor', ...(config ? resolveRemoteEnv(config.remoteEnv, container.env) : [])],
    ...(size ? { size: { columns: size.columns, rows: size.rows } } : {}),
    ...(user ? { user } : {}),
    ...(workingDirectory ? { workingDirectory } : {}),
  };
}

/** Whether the path is in one of the container's shared folders, where the configuration means it to be. */
function isShared({ mounts }: ContainerInfo, path: string): boolean {
  return mounts.some(({ target }) => path === target || path.startsWith(`${target}/`));
}
