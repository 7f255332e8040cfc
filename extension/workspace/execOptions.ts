import type { ContainerInfo, ExecOptions, TerminalSize } from '../../runtime-host/protocol/types.ts';
import { resolveRemoteEnv, type DevContainer } from '../../runtime-host/devcontainer/devcontainer.ts';

/** What is to run in a container; everything else follows from the folder's configuration. */
export interface ProcessRequest {
  readonly command: readonly string[];
  /** Absolute path in the container; default: the workspace folder. */
  readonly cwd?: string;
  /** Wins over everything that the configuration says. */
  readonly env?: Readonly<Record<string, string>>;
  /** Give it a pseudo-terminal, and an input that stays open. */
  readonly terminal?: boolean;
  /** Keep its input open without a terminal, too. */
  readonly stdin?: boolean;
  readonly size?: TerminalSize;
}

/** What VS Code's terminals understand. */
const terminalEnvironment = ['TERM=xterm-256color', 'COLORTERM=truecolor'];

/**
 * The process as the user of the folder's configuration starts it: `remoteUser`, `workspaceFolder`, and of the
 * environment, the later winning: the container's, `probed`, `remoteEnv`, the request's. It gets SIGHUP when whoever
 * watches it goes away.
 * @param config of the folder that the container was made for, as it is now: the container may be older than it
 * @param probed `NAME=value`, what the user's own shell has (`userEnvProbe`)
 */
export function execOptions(container: ContainerInfo, config: DevContainer | undefined, request: ProcessRequest, probed: readonly string[] = []): ExecOptions {
  const { command, cwd, env = {}, terminal = false, stdin = terminal, size } = request;
  const user = remoteUser(container, config);
  const workingDirectory = cwd ?? (config && isShared(container, config.workspaceFolder) ? config.workspaceFolder : container.workingDirectory);
  return {
    command,
    hangUp: true,
    ...(terminal ? { terminal } : {}),
    ...(stdin ? { stdin } : {}),
    env: [
      ...probed,
      ...(terminal ? terminalEnvironment : []),
      ...(config ? resolveRemoteEnv(config.remoteEnv, container.env) : []),
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ],
    ...(size ? { size: { columns: size.columns, rows: size.rows } } : {}),
    ...(user ? { user } : {}),
    ...(workingDirectory ? { workingDirectory } : {}),
  };
}

/** The user whom the configuration means, or the container's own. Empty: the image's. */
export function remoteUser(container: ContainerInfo, config: DevContainer | undefined): string {
  return config?.remoteUser ?? container.user;
}

/** Whether the path is in one of the container's shared folders, where the configuration means it to be. */
function isShared({ mounts }: ContainerInfo, path: string): boolean {
  return mounts.some(({ target }) => path === target || path.startsWith(`${target}/`));
}
