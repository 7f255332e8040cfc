import type { Command } from 'commander';
import { addImageInspect } from './imageInspect.ts';
import { addImageList } from './imageList.ts';
import { addImagePrune } from './imagePrune.ts';
import { addImagePull } from './imagePull.ts';
import { addImageRemove } from './imageRemove.ts';

export function addImage(parent: Command): void {
  const image = parent.command('image').alias('i').description('Work with images');
  for (const add of [addImagePull, addImageList, addImageRemove, addImagePrune, addImageInspect]) add(image);
}
