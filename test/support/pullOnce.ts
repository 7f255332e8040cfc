import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { openImages } from './imageStores.ts';

/*
 * `node pullOnce.ts STORE REFERENCE`: pulls an image into a store in a process of its own, which the test may kill or
 * confine. Prints `pulling` when the store is open, then `done`, or the code of the error.
 */
const [directory = '', reference = ''] = process.argv.slice(2);
const { service } = await openImages(directory);
process.stdout.write('pulling\n');
try {
  await service.pull(reference);
  process.stdout.write('done\n');
} catch (error) {
  if (!(error instanceof BerthError)) throw error;
  process.stdout.write(`${error.code}\n`);
}
