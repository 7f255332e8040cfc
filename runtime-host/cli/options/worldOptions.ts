import type { Tmpfs, Ulimit } from '../../protocol/worldOptions.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { collect, parseBytes } from '../options.ts';
import { optionGroup } from './optionGroup.ts';
import { parseId, parsePidsLimit, parseSecurityOption, parseTmpfs, parseUlimit, type SecurityOption } from '../../protocol/values/worldValues.ts';

/** What the processes may do, and what they find around them. */
export const worldOptions = optionGroup<{
  readonly user?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly groupAdd?: readonly string[];
  readonly hostname?: string;
  readonly init?: boolean;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  readonly securityOpt?: readonly SecurityOption[];
  readonly ulimit?: readonly Ulimit[];
  readonly pidsLimit?: number;
  readonly readOnly?: boolean;
  readonly tmpfs?: readonly Tmpfs[];
  readonly shmSize?: number;
}>(
  'Rights and surroundings',
  (command) => command
    .option('--uid <number>', 'the user, by number', parseId)
    .option('--gid <number>', 'the group, by number', parseId)
    .option('--group-add <group>', 'a further group, by name or number', collect((text) => text))
    .option('--hostname <name>', 'the host name, instead of the beginning of the id')
    .option('--init', 'run an init that passes signals on and collects orphans')
    .option('--cap-add <capability>', 'give a capability, or ALL', collect((text) => text))
    .option('--cap-drop <capability>', 'take a capability away, or ALL', collect((text) => text))
    .option('--privileged', 'give all capabilities and all of the virtual machine')
    .option('--security-opt <option>', 'no-new-privileges, seccomp=unconfined or systempaths=unconfined', collect(parseSecurityOption))
    .option('--ulimit <name=soft[:hard]>', 'a limit such as nofile=1024:4096; -1 for none', collect(parseUlimit))
    .option('--pids-limit <count>', 'how many processes and threads there can be; -1 for no limit', parsePidsLimit)
    .option('--read-only', 'the root file system cannot be written')
    .option('--tmpfs <target[:options]>', 'a file system in memory', collect(parseTmpfs))
    .option('--shm-size <size>', 'size of /dev/shm, 64m without', parseBytes),
  (options) => {
    const { groupAdd, hostname, init, capAdd, capDrop, privileged, securityOpt = [], ulimit, pidsLimit, readOnly, tmpfs, shmSize } = options;
    return {
      ...userOf(options),
      ...(groupAdd && { additionalGroups: groupAdd }),
      ...(hostname && { hostname }),
      ...(init && { init }),
      ...(capAdd && { capAdd }),
      ...(capDrop && { capDrop }),
      ...(privileged && { privileged }),
      ...Object.assign({}, ...securityOpt),
      ...(ulimit && { ulimits: ulimit }),
      ...(pidsLimit && { pidsLimit }),
      ...(readOnly && { readOnlyRoot: true }),
      ...(tmpfs && { tmpfs: [...new Map(tmpfs.map((one) => [one.target, one])).values()] }),
      ...(shmSize && { sharedMemoryBytes: shmSize }),
    };
  },
);

function userOf({ user, uid, gid }: { readonly user?: string; readonly uid?: string; readonly gid?: string }): { user?: string } {
  if (uid === undefined && gid === undefined) return {};
  if (user !== undefined) throw new Exit(ExitStatus.runFailed, 'Give either --user, or --uid and --gid.');
  return { user: gid === undefined ? uid ?? '0' : `${uid ?? '0'}:${gid}` };
}
