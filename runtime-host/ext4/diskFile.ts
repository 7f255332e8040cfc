import { write, writev, fsync, ftruncate } from 'node:fs';
import { promisify } from 'node:util';
import { BerthError } from '../protocol/errors.ts';

const writeAsync = promisify(write);
const fsyncAsync = promisify(fsync);
const ftruncateAsync = promisify(ftruncate);

/** Bytes that are collected before they are written. */
const batchBytes = 4 * 1024 * 1024;
/** The kernel takes at most 1024 pieces in one call. */
const batchPieces = 1000;

interface Batch {
  readonly offset: number;
  readonly pieces: Uint8Array[];
  length: number;
}

/**
 * Writes pieces to places of a file in large batches: what continues where the last piece ended joins its batch.
 * Batches go out one after the other in the order given, so that a later piece wins where two overlap.
 * Pieces are not copied: the caller must not change them afterwards.
 */
export class DiskFile {
  readonly #handle: number;
  #current: Batch | undefined;
  #waiting: Batch[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** @param handle an open file descriptor, which stays the caller's. */
  constructor(handle: number) {
    this.#handle = handle;
  }

  async setSize(size: number): Promise<void> {
    await ftruncateAsync(this.#handle, size);
  }

  queue(offset: number, piece: Uint8Array): void {
    if (piece.length === 0) return;
    const current = this.#current;
    if (current !== undefined && current.offset + current.length === offset && current.length < batchBytes && current.pieces.length < batchPieces) {
      current.pieces.push(piece);
      current.length += piece.length;
    } else {
      if (current !== undefined) this.#waiting.push(current);
      this.#current = { offset, pieces: [piece], length: piece.length };
    }
    this.#waitingBytes += piece.length;
  }

  /** Starts writing when enough has been collected; resolves when the batches before those have been written. */
  async settle(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#waitingBytes >= batchBytes) await this.#start();
  }

  async flush(): Promise<void> {
    await this.#start();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Everything that was queued is on stable storage afterwards. */
  async sync(): Promise<void> {
    await this.flush();
    await fsyncAsync(this.#handle);
  }

  /**
   * Gives up what has not been written by now; afterwards nothing uses the handle any more. Its number may then belong
   * to another file, so whoever closes it calls this first. Never rejects.
   */
  async release(): Promise<void> {
    this.#failure ??= { error: new Error('The disk was released.') };
    await this.#writing;
  }

  async #start(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
    const batches = this.#waiting;
    if (this.#current !== undefined) batches.push(this.#current);
    this.#waiting = [];
    this.#current = undefined;
    this.#waitingBytes = 0;
    this.#writing = this.#writeAll(batches).catch((error: unknown) => {
      this.#failure = { error };
    });
  }

  async #writeAll(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      if (this.#failure !== undefined) return;
      const written = await writevAsync(this.#handle, batch.pieces, batch.offset);
      if (written < batch.length) await this.#writeRest(batch, written);
    }
  }

  /** The kernel may take less than it was given, at the latest when the disk is nearly full. */
  async #writeRest(batch: Batch, written: number): Promise<void> {
    const rest = Buffer.concat(batch.pieces).subarray(written);
    for (let done = 0; done < rest.length; ) {
      const { bytesWritten } = await writeAsync(this.#handle, rest, done, rest.length - done, batch.offset + written + done);
      if (bytesWritten === 0) throw new BerthError('Internal', 'The disk file took no more bytes.');
      done += bytesWritten;
    }
  }
}

function writevAsync(handle: number, pieces: readonly Uint8Array[], offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(handle, pieces, offset, (error, written) => (error ? reject(error) : resolve(written)));
  });
}
