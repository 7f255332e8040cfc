import type { ContainerSpec } from '../../protocol/types.ts';
import { collect } from '../options.ts';
import { parseMountOption, parseVolume, type MountValue } from '../../protocol/values/mountValues.ts';
import { optionGroup } from './optionGroup.ts';

/** Directories of this machine, and volumes. */
export const mountOptions = optionGroup<{ readonly volume?: readonly MountValue[]; readonly mount?: readonly MountValue[] }>(
  'Directories and volumes',
  (command) => command
    .option('-v, --volume <source:target[:ro,force]>', 'a directory of yours, or a volume, that it may use', collect((text) => parseVolume(text)))
    .option('--mount <fields>', 'the same as type=bind|volume|tmpfs,source=…,target=…[,readonly]', collect((text) => parseMountOption(text))),
  ({ volume = [], mount = [] }): Partial<ContainerSpec> => {
    const all = [...volume, ...mount];
    const of = <Kind extends MountValue['kind']>(kind: Kind) => all.flatMap((value) => (value.kind === kind ? [value.mount as Extract<MountValue, { kind: Kind }>['mount']] : []));
    const [mounts, volumes, tmpfs] = [of('bind'), of('volume'), of('tmpfs')];
    return { ...(mounts.length > 0 && { mounts }), ...(volumes.length > 0 && { volumes }), ...(tmpfs.length > 0 && { tmpfs }) };
  },
);
