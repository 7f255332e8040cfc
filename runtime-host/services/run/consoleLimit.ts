import { open } from 'node:fs/promises';
import { isNodeError } from '../../protocol/errors.ts';
import type { RunContext } from './runContext.ts';

const lookMilliseconds = 30_000;
const defaultMaximum = 1024 * 1024;
const keptBytes = 64 * 1024;

/**
 * What a guest prints on its console, and what QEMU says, goes to files that QEMU appends to as long as it runs. Now and
 * then they are cut down to their last lines.
 * @returns what ends that
 */
export function limitConsole({ paths, log, record }: RunContext): () => void {
  const timer = setInterval(() => {
    for (const path of [paths.bootLog, paths.qemuLog]) {
      cutDown(path).catch((error: unknown) => log.warn('A console’s log could not be cut down.', { container: record.id, path, reason: String(error) }));
    }
  }, lookMilliseconds).unref();
  return () => clearInterval(timer);
}

/** Keeps the last lines of a file that has grown too long. What is written in this very moment may get lost. */
export async function cutDown(path: string, maximum = defaultMaximum): Promise<void> {
  try {
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      if (size <= maximum) return;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(keptBytes), 0, keptBytes, size - keptBytes);
      const lines = buffer.subarray(buffer.indexOf('\n') + 1, bytesRead);
      await file.truncate(0);
      await file.write(lines, 0, lines.length, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isNodeError(error) || error.code !== 'ENOENT') throw error;
  }
}
