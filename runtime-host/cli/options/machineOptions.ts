import { resolve } from 'node:path';
import type { Mount } from '../../protocol/types.ts';
import { collect, parseCpus, parseMemory, parseMount } from '../options.ts';
import { optionGroup } from './optionGroup.ts';

/** The virtual machine: its size, and what of this machine it may use. */
export const machineOptions = optionGroup<{ readonly volume?: readonly Mount[]; readonly memory?: number; readonly cpus?: number; readonly kernel?: string; readonly platform?: string }>(
  (command) => command
    .option('-v, --volume <host:target[:ro,force]>', 'a directory of yours that it may use', collect((text) => parseMount(text)))
    .option('-m, --memory <size>', 'memory of the virtual machine, such as 512m or 2g', parseMemory)
    .option('-c, --cpus <count>', 'processors of the virtual machine', parseCpus)
    .option('-k, --kernel <file>', 'boot a kernel of yours, an uncompressed ELF file', (text) => resolve(text))
    .option('--platform <os/arch>', 'the image\'s platform, which must be this machine\'s'),
  ({ volume, memory, cpus, kernel, platform }) => ({
    ...(volume && { mounts: volume }),
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(cpus !== undefined && { cpus }),
    ...(kernel !== undefined && { kernel }),
    ...(platform !== undefined && { platform }),
  }),
);
