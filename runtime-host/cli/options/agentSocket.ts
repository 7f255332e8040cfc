import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Exit, ExitStatus } from '../cliError.ts';

/**
 * The socket of the user's SSH agent.
 * @throws Exit when there is none
 */
export function agentSocket(environment: NodeJS.ProcessEnv = process.env): string {
  const path = environment['SSH_AUTH_SOCK'];
  if (!path) throw new Exit(ExitStatus.wrongOption, 'There is no SSH agent to pass on: SSH_AUTH_SOCK is not set. Start one with “eval $(ssh-agent)”, and give it your keys with “ssh-add”.');
  const absolute = resolve(path);
  if (!statSync(absolute, { throwIfNoEntry: false })?.isSocket()) throw new Exit(ExitStatus.wrongOption, `There is no SSH agent to pass on: SSH_AUTH_SOCK names ${absolute}, which is not a socket. Start one with “eval $(ssh-agent)”.`);
  return absolute;
}
