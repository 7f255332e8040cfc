import { InvalidArgumentError, type Command } from 'commander';
import type { Mount } from '../../protocol/types.ts';
import { withClient } from '../cliContext.ts';
import { parseVolume } from '../../protocol/values/mountValues.ts';

export function addShare(parent: Command): void {
  parent
    .command('share')
    .description('Give a container a directory of yours, also while it runs')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .argument('<source:target[:ro,force]>', 'the directory, and its place in the container', parseShare)
    .addHelpText('after', '\nIt can be taken away again (container unshare), which -v of run and create cannot, and is slower than that.')
    .action(async (container: string, mount: Mount) => {
      await withClient((client) => client.containers.share(container, mount));
    });
}

function parseShare(text: string): Mount {
  const value = parseVolume(text);
  if (value.kind !== 'bind') throw new InvalidArgumentError('Write HOST:TARGET, where HOST has a slash or begins with a point; “:ro” after it forbids writing.');
  return value.mount;
}
