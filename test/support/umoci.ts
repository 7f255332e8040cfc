import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { DiskBuilder } from '../../runtime-host/ext4/diskBuilder.ts';
import { unpackLayers } from '../../runtime-host/ext4/layers/unpackLayers.ts';
import type { TestImage } from './testImages.ts';
import { join } from 'node:path';

/** Unpacks an image of a layout into a new directory with umoci, as root. */
export function umociUnpack(image: Pick<TestImage, 'directory' | 'tag'>, target: string): void {
  execFileSync('umoci', ['raw', 'unpack', '--image', `${image.directory}:${image.tag}`, target], { stdio: 'pipe' });
}

export interface UnpackableLayer {
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

export interface DiskSettings {
  readonly size?: number;
  readonly uuid?: Uint8Array;
}

/** Unpacks an image of a layout into a new disk with the code under test. */
export async function unpackToDisk(image: { readonly directory: string; readonly layers: readonly UnpackableLayer[] }, path: string, settings: DiskSettings = {}): Promise<void> {
  const { size = 1024 ** 3, uuid = Buffer.from('a1b2c3d4e5f60718293a4b5c6d7e8f90', 'hex') } = settings;
  const handle = openSync(path, 'wx', 0o600);
  const disk = new DiskBuilder(handle, { size, uuid, time: 1_700_000_000 });
  try {
    const layers = image.layers.map(({ digest, size: layerSize, diffId }) => ({ path: join(image.directory, 'blobs', 'sha256', digest.slice('sha256:'.length)), size: layerSize, diffId }));
    await unpackLayers(disk, layers, new AbortController().signal, () => {});
    await disk.finish();
  } finally {
    await disk.release();
    closeSync(handle);
  }
}

/** @throws when there is no journal, or when e2fsck finds anything at all wrong, with what it says. */
export function checkDisk(path: string): void {
  if (!/^Filesystem features:.* has_journal /m.test(execFileSync('dumpe2fs', ['-h', path], { encoding: 'utf8', stdio: 'pipe' }))) throw new Error(`${path} has no journal.`);
  try {
    execFileSync('e2fsck', ['-fn', path], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`e2fsck is not content with ${path}:\n${stdout}\n${stderr}`, { cause: error });
  }
}
