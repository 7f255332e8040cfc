import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { createLogger } from './base/log.ts';
import type { Logger } from './base/log.ts';

const maxBytes = 4 * 1024 * 1024;

/**
 * The host's log file, readable by its user only. When it has grown, it becomes `<path>.1` (the one before is dropped)
 * and a new one begins. Lines are written at once, so that the last words of a dying host are there.
 */
export function openHostLog(path: string, limit = maxBytes): { readonly log: Logger; close(): void } {
  let file = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;
  const write = (line: string): void => {
    try {
      if (size > limit) {
        renameSync(path, `${path}.1`);
        closeSync(file);
        file = openSync(path, 'a', 0o600);
        size = 0;
      }
      size += writeSync(file, line);
    } catch {
      // A full disk must not end the host, and there is no other place to tell.
    }
  };
  return { log: createLogger(write), close: () => closeSync(file) };
}
