import { openImages } from './imageStores.ts';

/*
 * `node pullOnce.ts STORE REFERENCE`: pulls an image into a store, as the runtime host does; to be killed meanwhile.
 * Says "pulling" when the store is open, and "done".
 */
const [directory = '', reference = ''] = process.argv.slice(2);
const { service } = await openImages(directory);
process.stdout.write('pulling\n');
await service.pull(reference);
process.stdout.write('done\n');
