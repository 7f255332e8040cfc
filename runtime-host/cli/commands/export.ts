import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { closeWith, receiveArchive, writeAll } from '../archive/transfer.ts';
import { cancellable, withClient } from '../cliContext.ts';

export function addExport(parent: Command): void {
  parent
    .command('export')
    .description('Write a container’s root file system as a tar archive, without what is mounted in it')
    .argument('<container>', 'its id, the beginning of it, or its name')
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .action(exportContainer);
}

async function exportContainer(container: string, { output }: { readonly output?: string }): Promise<void> {
  if (output === undefined && process.stdout.isTTY) throw new BerthError('InvalidArgument', 'An archive is not written to a terminal. Use -o, or redirect it.');
  if (output !== undefined) await checkOutput(output);
  await cancellable((signal) =>
    withClient(async (client) => {
      const stream = await client.containers.export(container, { signal });
      closeWith(stream, signal);
      try {
        const chunks = receiveArchive(stream, () => undefined);
        await (output === undefined ? writeAll(chunks, process.stdout) : writeFile(output, chunks));
      } finally {
        stream.close();
      }
    }),
  );
}

async function checkOutput(path: string): Promise<void> {
  try {
    const status = await stat(path);
    if (!status.isFile()) throw new BerthError('InvalidArgument', `The archive cannot be written to “${path}”, which is no regular file.`);
  } catch (error) {
    if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
    await stat(dirname(path)).catch(() => {
      throw new BerthError('PathNotFound', `The directory “${dirname(path)}” does not exist. Make it first.`);
    });
  }
}

/** The file is there when it is whole, and not before. */
async function writeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  const file = createWriteStream(temporary, { mode: 0o600 });
  try {
    await Promise.race([writeAll(chunks, file), new Promise((_resolve, reject) => file.once('error', reject))]);
    file.end();
    await finished(file);
    await rename(temporary, path);
  } catch (error) {
    file.destroy();
    await rm(temporary, { force: true });
    throw error;
  }
}
