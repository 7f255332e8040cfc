import { resolve } from 'node:path';
import { parseCpus, parseMemory } from '../options.ts';
import { optionGroup } from './optionGroup.ts';

/** The virtual machine: its size, kernel and platform. */
export const machineOptions = optionGroup<{ readonly memory?: number; readonly cpus?: number; readonly kernel?: string; readonly platform?: string }>(
  'Virtual machine',
  (command) => command
    .option('-m, --memory <size>', 'memory of the virtual machine, such as 512m or 2g', parseMemory)
    .option('-c, --cpus <count>', 'processors of the virtual machine', parseCpus)
    .option('-k, --kernel <file>', 'boot a kernel of yours, an uncompressed ELF file', (text) => resolve(text))
    .option('--platform <os/arch>', 'the image\'s platform, which must be this machine\'s'),
  ({ memory, cpus, kernel, platform }) => ({
    ...(memory && { memoryBytes: memory }),
    ...(cpus && { cpus }),
    ...(kernel !== undefined && { kernel }),
    ...(platform && { platform }),
  }),
);
