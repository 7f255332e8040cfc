import { createHash } from 'node:crypto';
import { BerthError } from '../../protocol/errors.ts';
import type { ReportProgress } from '../../base/progress.ts';
import type { DiskBuilder } from '../diskBuilder.ts';
import { decompress } from './decompress.ts';
import { LayerApplier } from './layerApplier.ts';
import { TarReader } from './tarReader.ts';

export interface LayerSource {
  /** The layer as the registry had it, perhaps compressed. */
  readonly path: string;
  /** Its size there, in bytes. */
  readonly size: number;
  /** Digest of the uncompressed layer, such as `sha256:` and 64 hexadecimal digits. */
  readonly diffId: string;
}

/**
 * Applies layers to a disk, bottom layer first, each read once: inflated, verified and written as it streams by.
 * @throws BerthError LayerInvalid, DigestMismatch, DiskFull, Cancelled
 */
export async function unpackLayers(disk: DiskBuilder, layers: readonly LayerSource[], signal: AbortSignal, report: ReportProgress): Promise<void> {
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  let before = 0;
  for (const [index, layer] of layers.entries()) {
    const message = `Unpacking layer ${index + 1} of ${layers.length}`;
    const onRead = (bytes: number): void => report({ message, fraction: total === 0 ? 1 : (before + bytes) / total });
    await unpackLayer(disk, layer, index + 1, signal, onRead);
    before += layer.size;
  }
}

async function unpackLayer(disk: DiskBuilder, layer: LayerSource, number: number, signal: AbortSignal, onRead: (bytes: number) => void): Promise<void> {
  const [algorithm = ''] = layer.diffId.split(':');
  const hash = createHash(algorithm);
  const reader = new TarReader(new LayerApplier(disk, number));
  for await (const piece of decompress(layer.path, signal, onRead)) {
    signal.throwIfAborted();
    hash.update(piece);
    reader.push(piece);
    await disk.settle();
  }
  reader.finish();
  const found = `${algorithm}:${hash.digest('hex')}`;
  if (found !== layer.diffId) {
    throw new BerthError('DigestMismatch', 'A layer of the image is not what the image’s configuration says it is. The image was published with this fault; use another version of it.', {
      data: { expected: layer.diffId, found },
    });
  }
}
