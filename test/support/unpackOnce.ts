import { silentLogger } from '../../runtime-host/base/log.ts';
import { ContentStore } from '../../runtime-host/oci/contentStore.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { Ext4ImageDiskService } from '../../runtime-host/services/images/imageDiskService.ts';

/*
 * `node unpackOnce.ts HOME CONTENT REFERENCE`: makes an image's disk in a process of its own, which the test may kill
 * or confine. Prints `unpacking` with the first report of progress, then `done`, or the code of the error.
 */
const [home = '', content = '', reference = ''] = process.argv.slice(2);
const store = await ContentStore.open(content);
const service = new Ext4ImageDiskService({ paths: new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: home }), store, logger: silentLogger });
let reported = false;
try {
  await service.ensure(reference, {
    progress: () => {
      if (!reported) process.stdout.write('unpacking\n');
      reported = true;
    },
  });
  process.stdout.write('done\n');
} catch (error) {
  if (!(error instanceof BerthError)) throw error;
  process.stdout.write(`${error.code}\n`);
}
