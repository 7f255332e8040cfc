import type { HostConnection } from '../../client/connect.ts';
import type { CopyPlace } from './copyArguments.ts';
import { CopyProgress } from './copyProgress.ts';
import { inspectDestination } from './localDestination.ts';
import { inspectSource, packSource } from './localSource.ts';
import { closeWith, receiveArchive, sendArchive, writeAll } from './transfer.ts';
import { unpack } from './unpack.ts';

export interface CopyOptions {
  readonly archive?: boolean;
  readonly followLink?: boolean;
  readonly quiet?: boolean;
}

type ContainerPlace = Required<CopyPlace>;

/** Copies out of a container, to a path of ours or as tar to standard output. */
export async function copyFrom(client: HostConnection, source: ContainerPlace, destination: string, options: CopyOptions, signal: AbortSignal): Promise<void> {
  const { archive = false, followLink = false, quiet = false } = options;
  const target = destination === '-' ? undefined : await inspectDestination(destination);
  const stream = await client.containers.copyFrom(source.container, source.path, { followLink, signal });
  closeWith(stream, signal);
  const progress = new CopyProgress('Copying from the container', quiet);
  try {
    const chunks = receiveArchive(stream, progress.add);
    if (!target) return await writeAll(chunks, process.stdout);
    await unpack(chunks, () => stream.status, {
      destination: target,
      sourcePath: source.path,
      archive,
      warn: (message) => process.stderr.write(`Warning: ${message}\n`),
    });
    progress.done(destination);
  } finally {
    progress.clear();
    stream.close();
  }
}

/** Copies into a container, from a path of ours or the tar on standard input. */
export async function copyTo(client: HostConnection, source: string, destination: ContainerPlace, options: CopyOptions, signal: AbortSignal): Promise<void> {
  const { archive: keepOwner = false, followLink = false, quiet = false } = options;
  const local = source === '-' ? undefined : await inspectSource(source, followLink);
  // Who sends an archive has said in it whom the files belong to.
  const request = local ? { source: local.source, name: local.name, keepOwner } : { source: 'entries' as const, keepOwner: true };
  const stream = await client.containers.copyTo(destination.container, destination.path, { ...request, signal });
  closeWith(stream, signal);
  const progress = new CopyProgress('Copying to the container', quiet);
  const packed = local && packSource(local, followLink);
  try {
    await sendArchive(stream, (packed ?? process.stdin) as AsyncIterable<Uint8Array>, progress.add);
    progress.done(`${destination.container}:${destination.path}`);
  } finally {
    progress.clear();
    packed?.destroy();
  }
}
