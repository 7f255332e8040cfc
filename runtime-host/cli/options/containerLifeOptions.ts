import { collect, parseCount, parseLabel } from '../options.ts';
import { readLabelFile } from './lineFiles.ts';
import { optionGroup } from './optionGroup.ts';
import { parseRestart } from './parseRestart.ts';
import type { RestartPolicy } from '../../protocol/types.ts';

/** The container itself: its name and labels, and how it ends. */
export const containerLifeOptions = optionGroup<{
  readonly name?: string;
  readonly label?: readonly (readonly [string, string])[];
  readonly labelFile?: readonly string[];
  readonly rm?: boolean;
  readonly restart?: RestartPolicy;
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
}>(
  'Container',
  (command) => command
    .option('--name <name>', 'a name for the container')
    .option('-l, --label <key=value>', 'a label', collect(parseLabel))
    .option('--label-file <file>', 'labels from a file, a line each', collect((text) => text))
    .option('--rm', 'remove the container when it has ended')
    .option('--restart <policy>', 'start it again when it ends: no, on-failure[:n], always or unless-stopped', parseRestart)
    .option('--stop-signal <signal>', 'what asks it to end, instead of the image\'s signal or SIGTERM')
    .option('--stop-timeout <seconds>', 'how long it may take to end before it is killed', parseCount),
  ({ name, label = [], labelFile = [], rm, restart, stopSignal, stopTimeout }) => {
    const labels = [...labelFile.flatMap((file) => readLabelFile(file)), ...label];
    return {
      ...(name && { name }),
      ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
      ...(rm && { removeOnExit: true }),
      ...(restart && { restart }),
      ...(stopSignal && { stopSignal }),
      ...(stopTimeout !== undefined && { stopTimeoutSeconds: stopTimeout }),
    };
  },
);
