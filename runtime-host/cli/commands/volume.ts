import type { Command } from 'commander';
import { addVolumeCreate } from './volumeCreate.ts';
import { addVolumeInspect } from './volumeInspect.ts';
import { addVolumeList } from './volumeList.ts';
import { addVolumePrune } from './volumePrune.ts';
import { addVolumeRemove } from './volumeRemove.ts';

export function addVolume(parent: Command): void {
  const volume = parent.command('volume').alias('v').description('Work with volumes');
  for (const add of [addVolumeCreate, addVolumeList, addVolumeInspect, addVolumeRemove, addVolumePrune]) add(volume);
}
