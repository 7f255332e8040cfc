import type { Command } from 'commander';
import { BerthError } from '../../protocol/errors.ts';
import type { CopyOptions } from '../archive/copy.ts';
import { checkPlaces, parsePlace } from '../archive/copyArguments.ts';
import { cancellable, withClient } from '../cliContext.ts';

export function addCopy(parent: Command): void {
  parent
    .command('cp')
    .alias('copy')
    .description('Copy files between a container and this machine')
    .usage('[options] CONTAINER:SOURCE DESTINATION|-\n       container cp [options] SOURCE|- CONTAINER:DESTINATION')
    .argument('<source>', 'what to copy; “-” reads a tar archive')
    .argument('<destination>', 'where to; “-” writes a tar archive')
    .option('-a, --archive', 'keep the numbers of users and groups')
    .option('-L, --follow-link', 'copy what the source leads to, if that is a symbolic link')
    .option('-q, --quiet', 'do not tell how much was copied')
    .action(copy);
}

async function copy(sourceText: string, destinationText: string, options: CopyOptions): Promise<void> {
  const source = parsePlace(sourceText);
  const destination = parsePlace(destinationText);
  checkPlaces(source, destination);
  if (destination.container === undefined && destination.path === '-' && process.stdout.isTTY) {
    throw new BerthError('InvalidArgument', 'An archive is not written to a terminal. Redirect it.');
  }
  const { copyFrom, copyTo } = await import('../archive/copy.ts');
  await cancellable((signal) =>
    withClient((client) => {
      if (source.container !== undefined) return copyFrom(client, { container: source.container, path: source.path }, destination.path, options, signal);
      return copyTo(client, source.path, { container: destination.container ?? '', path: destination.path }, options, signal);
    }),
  );
}
