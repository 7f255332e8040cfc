import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import { syncDirectory } from '../base/atomicFile.ts';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import { DigestVerifier } from './digest.ts';
import type { Descriptor } from './types.ts';

/**
 * Streams a blob into a temporary file, verifies size and digest on the way, and only then, after fsync, gives it its
 * name. More bytes than the descriptor says are cut off as soon as they come. On any failure nothing is left.
 * @throws BerthError DigestMismatch, DiskFull, and whatever the stream throws
 */
export async function ingestBlob(descriptor: Descriptor, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, temporary: string, final: string): Promise<void> {
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await writeVerified(descriptor, content, file);
      await file.sync();
    } finally {
      await file.close();
    }
    await mkdir(dirname(final), { recursive: true, mode: 0o700 });
    await rename(temporary, final);
  } catch (error) {
    await rm(temporary, { force: true });
    throw translateDiskErrors(error);
  }
  await syncDirectory(dirname(final));
}

async function writeVerified(descriptor: Descriptor, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, file: FileHandle): Promise<void> {
  const verifier = new DigestVerifier(descriptor.digest);
  let received = 0;
  for await (const chunk of content) {
    received += chunk.length;
    if (received > descriptor.size) throw mismatch(descriptor, `it is larger than the ${descriptor.size} bytes that were announced`);
    verifier.update(chunk);
    await writeAll(file, chunk);
  }
  if (received < descriptor.size) throw mismatch(descriptor, `it ended after ${received} of ${descriptor.size} bytes`);
  const actual = verifier.digest();
  if (actual !== descriptor.digest) throw mismatch(descriptor, `what arrived has the digest ${actual}`, actual);
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

/**
 * The error for content that is not what its descriptor says.
 * @param what how it differs, in words that follow “arrived damaged:”
 * @param actual the digest that it has, where that is known
 */
export function mismatch(descriptor: Descriptor, what: string, actual?: string): BerthError {
  const message = `A part of the image (${descriptor.digest}) arrived damaged: ${what}. Try again; if it happens again, the registry or something on the way to it is faulty.`;
  return new BerthError('DigestMismatch', message, { data: { expected: descriptor.digest, size: descriptor.size, ...(actual ? { actual } : {}) } });
}

function translateDiskErrors(error: unknown): unknown {
  if (isNodeError(error) && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) {
    return new BerthError('DiskFull', 'The disk that holds Berth’s images is full. Free some space, for example by removing images, and try again.', { cause: error });
  }
  return error;
}
