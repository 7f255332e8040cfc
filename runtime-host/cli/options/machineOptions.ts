import type { Mount } from '../../protocol/types.ts';
import { collect, parseCpus, parseMemory, parseMount } from '../options.ts';
import { optionGroup } from './optionGroup.ts';

/** The virtual machine: its size, and what of this machine it may use. */
export const machineOptions = optionGroup<{ readonly volume?: readonly Mount[]; readonly memory?: number; readonly cpus?: number }>(
  (command) => command
    .option('-v, --volume <host:target[:ro,force]>', 'a directory of yours that it may use', collect((text) => parseMount(text)))
    .option('-m, --memory <size>', 'memory of the virtual machine, such as 512m or 2g', parseMemory)
    .option('-c, --cpus <count>', 'processors of the virtual machine', parseCpus),
  ({ volume, memory, cpus }) => ({
    ...(volume && { mounts: volume }),
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(cpus !== undefined && { cpus }),
  }),
);
