import { Exit, ExitStatus } from '../cliError.ts';
import { collect, parseEnv } from '../options.ts';
import { terminalSize } from '../terminal.ts';
import { readEnvFile } from './lineFiles.ts';
import { optionGroup } from './optionGroup.ts';

/** The first process: what it runs, as whom, where, and with which streams. */
export const processOptions = optionGroup<{
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly detach?: boolean;
  readonly env?: readonly (string | undefined)[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly entrypoint?: string;
}>(
  'Process',
  (command) => command
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'give the process a terminal')
    .option('-e, --env <name=value>', 'set a variable, or pass on one of yours', collect((text) => parseEnv(text)))
    .option('--env-file <file>', 'variables from a file, a line each', collect((text) => text))
    .option('-w, --workdir <directory>', 'the working directory')
    .option('-u, --user <user[:group]>', 'the user, by name or number')
    .option('--entrypoint <program>', 'the program, instead of the image\'s entry point'),
  ({ interactive = false, tty = false, detach, env, envFile = [], workdir, user, entrypoint }) => {
    if (interactive && tty && !detach && !process.stdin.isTTY) throw new Exit(ExitStatus.runFailed, 'the input device is not a TTY');
    const size = tty ? terminalSize(process.stdout) : undefined;
    const variables = [...envFile.flatMap((file) => readEnvFile(file)), ...(env ?? [])].filter((entry) => entry !== undefined);
    return {
      ...(entrypoint !== undefined && { entrypoint: entrypoint === '' ? [] : [entrypoint] }),
      ...(variables.length > 0 && { env: variables }),
      ...(workdir && { workingDirectory: workdir }),
      ...(user && { user }),
      terminal: tty,
      stdin: interactive,
      ...(size && { size }),
    };
  },
);
