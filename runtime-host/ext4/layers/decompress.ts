import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { isNodeError } from '../../protocol/errors.ts';
import { layerInvalid } from './tarHeader.ts';
import { ZstdFrames, isZstdMagic } from './zstdFrames.ts';

/** Enough to keep the thread that inflates busy while another one takes what it made. */
const pieceSize = 512 * 1024;
const piecesAhead = 4;

/**
 * The uncompressed bytes of a layer: gzip, zstd or plain, told apart by how it begins, since media types are not
 * always right.
 * @param onRead called with the number of compressed bytes read so far
 * @throws BerthError LayerInvalid when the compression is damaged, cut short, or followed by something else.
 */
export async function* decompress(path: string, signal: AbortSignal, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  const format = await inspect(path);
  if (format === 'plain') {
    let read = 0;
    for await (const piece of createReadStream(path, { highWaterMark: pieceSize, signal }) as AsyncIterable<Buffer>) {
      read += piece.length;
      onRead(read);
      yield piece;
    }
    return;
  }
  const engine = createEngine(format);
  yield* runEngine(engine, format, path, signal, onRead);
  if (format === 'gzip' && (await hasMore(path, engine.bytesWritten))) throw layerInvalid('something follows after its compressed data');
}

type Format = 'gzip' | 'zstd' | 'plain';
type Engine = Transform & { readonly bytesWritten: number };

async function inspect(path: string): Promise<Format> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead >= 2 && buffer.readUInt16BE(0) === 0x1f8b) return 'gzip';
    return bytesRead === 4 && isZstdMagic(buffer.readUInt32LE(0)) ? 'zstd' : 'plain';
  } finally {
    await file.close();
  }
}

function createEngine(format: 'gzip' | 'zstd'): Engine {
  const options = { chunkSize: pieceSize, readableHighWaterMark: pieceSize * piecesAhead };
  return (format === 'gzip' ? createGunzip(options) : createZstdDecompress(options)) as Engine;
}

async function* runEngine(engine: Engine, format: Format, path: string, signal: AbortSignal, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  const input = createReadStream(path, { highWaterMark: pieceSize });
  const done = format === 'zstd' ? pipeline(input, cutFrames, engine, { signal }) : pipeline(input, engine, { signal });
  try {
    for await (const piece of engine as AsyncIterable<Buffer>) {
      onRead(engine.bytesWritten);
      yield piece;
    }
    await done;
  } catch (error) {
    throw toLayerError(error);
  } finally {
    engine.destroy();
    await done.catch(() => {
      // The loop above has already thrown it, or the caller has stopped reading.
    });
  }
}

/** The engine takes several frames one after the other, as long as no piece holds parts of two. */
async function* cutFrames(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames();
  for await (const piece of pieces) yield* frames.cut(piece);
}

function toLayerError(error: unknown): unknown {
  if (!isNodeError(error)) return error;
  if (error.code === 'Z_BUF_ERROR') return layerInvalid('its compressed data ends too early');
  if (error.code?.startsWith('Z_') === true || error.code?.startsWith('ZSTD_') === true) return layerInvalid('its compressed data is damaged');
  return error;
}

/** True when anything but zeros follows: tapes are padded with zeros. */
async function hasMore(path: string, from: number): Promise<boolean> {
  for await (const piece of createReadStream(path, { start: from }) as AsyncIterable<Buffer>) {
    if (piece.some((byte) => byte !== 0)) return true;
  }
  return false;
}
