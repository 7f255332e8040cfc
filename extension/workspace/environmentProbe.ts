import { BerthError } from '../../runtime-host/protocol/errors.ts';

/** Which of the user's shells is asked for its environment (`userEnvProbe`). */
export type UserEnvProbe = 'none' | 'loginShell' | 'interactiveShell' | 'loginInteractiveShell';

/** How long the user's start files may take, in milliseconds: emulated machines are slow. */
export const probeMilliseconds = 60_000;

/** Nobody's start files print this. */
const mark = '75d1ee0c-environment-04b9';

const shellOptions: Readonly<Record<Exclude<UserEnvProbe, 'none'>, string>> = { loginShell: '-lc', interactiveShell: '-ic', loginInteractiveShell: '-lic' };

/**
 * Runs the shell that the user has in /etc/passwd, and prints, between marks, the user's number and what a program gets from
 * that shell: NAME=VALUE, each with a NUL behind it. What the start files print comes before.
 */
export function probeCommand(probe: Exclude<UserEnvProbe, 'none'>): readonly string[] {
  const script = `
uid=$(id -u)
shell=
while IFS=: read -r _ _ number _ _ _ program; do
  if [ "$number" = "$uid" ]; then shell=$program; break; fi
done < /etc/passwd
case $shell in */nologin|*/false|'') shell=/bin/sh;; esac
if ! [ -x "$shell" ]; then shell=/bin/sh; fi
exec "$shell" ${shellOptions[probe]} 'printf %s ${mark}; id -u; cat /proc/self/environ; printf %s ${mark}'
`;
  return ['/bin/sh', '-c', script];
}

/** These say something about the shell, or the moment, and nothing about the user. */
const ofTheShell = new Set(['PWD', 'OLDPWD', 'SHLVL', '_', 'TERM']);

/**
 * What {@link probeCommand} has found, as `NAME=value`.
 * @param containerEnv what every process of the container has
 * @throws BerthError GuestFailed when the output is not complete
 */
export function readProbe(output: string, containerEnv: readonly string[]): readonly string[] {
  const [, found] = output.split(mark);
  const newline = found?.indexOf('\n') ?? -1;
  if (found === undefined || newline < 0 || output.split(mark).length < 3) throw new BerthError('GuestFailed', 'The user’s shell has not told its environment.');
  const isRoot = found.slice(0, newline) === '0';
  const entries = found.slice(newline + 1).split('\0').filter((entry) => entry.indexOf('=') > 0 && !ofTheShell.has(entry.slice(0, entry.indexOf('='))));
  const containerPath = valueOf(containerEnv, 'PATH');
  return entries.map((entry) => (entry.startsWith('PATH=') && containerPath !== undefined ? `PATH=${mergePaths(entry.slice(5), containerPath, isRoot)}` : entry));
}

/**
 * The shell's PATH, with those directories of the container's in it that the shell's start files have left out, in the
 * container's order. Directories for administrators are only for root.
 */
export function mergePaths(shellPath: string, containerPath: string, isRoot: boolean): string {
  const merged = shellPath.split(':');
  let place = 0;
  for (const directory of containerPath.split(':')) {
    const there = merged.indexOf(directory);
    if (there >= 0) place = there + 1;
    else if (isRoot || !/\/sbin(?:\/|$)/.test(directory)) merged.splice(place++, 0, directory);
  }
  return merged.join(':');
}

function valueOf(entries: readonly string[], name: string): string | undefined {
  return entries.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
