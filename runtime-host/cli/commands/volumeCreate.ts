import type { Command } from 'commander';
import type { VolumeDriver } from '../../protocol/volumes.ts';
import { print, withClient } from '../cliContext.ts';
import { collect, parseBytes, parseLabel } from '../options.ts';
import { driverOf, parseVolumeOption } from '../../protocol/values/mountValues.ts';

interface CreateOptions {
  readonly driver?: VolumeDriver;
  readonly opt?: readonly number[];
  readonly size?: number;
  readonly label?: readonly (readonly [string, string])[];
}

export function addVolumeCreate(parent: Command): void {
  parent
    .command('create')
    .description('Make a volume, and print its name')
    .argument('[name]', 'its name; chosen when absent')
    .option('-d, --driver <driver>', 'ext4: a disk that one container writes (default), or shared: a directory that several write', driverOf)
    .option('-o, --opt <name=value>', 'size=SIZE: the most that an ext4 volume can hold, instead of 64g', collect(parseVolumeOption))
    .option('-s, --size <size>', 'the same', parseBytes)
    .option('-l, --label <key=value>', 'a label', collect(parseLabel))
    .action(create);
}

async function create(name: string | undefined, { driver, opt = [], size, label = [] }: CreateOptions): Promise<void> {
  const sizeBytes = size ?? opt.at(-1);
  const spec = { ...(name !== undefined && { name }), ...(driver && { driver }), ...(sizeBytes !== undefined && { sizeBytes }), ...(label.length > 0 && { labels: Object.fromEntries(label) }) };
  const volume = await withClient((client) => client.volumes.create(spec));
  print(`${volume.name}\n`);
}
