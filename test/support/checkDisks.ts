import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkDisk } from './umoci.ts';

const run = promisify(execFile);

/** Called before a test's directory is removed: e2fsck looks at every disk of an image or a volume that was made below it. */
export async function checkDisksBelow(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith('.ext4')) continue;
    const path = join(entry.parentPath, entry.name);
    if (entry.name === 'disk.ext4') await checkVolume(path);
    else checkDisk(path);
  }
}

/** The disk of a volume, which stays as it is: e2fsck finds nothing that the journal does not mend. */
export async function checkVolume(disk: string): Promise<void> {
  const copy = `${disk}.copy`;
  await run('cp', ['--sparse=always', disk, copy]);
  await mended(copy);
}

/**
 * The disk of a container that did not end in order: qemu-img finds no damage (leaked clusters are only room lost), and
 * e2fsck none that the journal does not mend.
 * @param raw where its content is put for that
 */
export async function checkOverlay(overlay: string, raw: string): Promise<void> {
  await run('qemu-img', ['check', overlay]).catch((error: { code?: number; stderr?: string }) => assert.equal(error.code, 3, error.stderr));
  await run('qemu-img', ['convert', '-O', 'raw', overlay, raw]);
  await mended(raw);
}

/** Removes the disk afterwards. */
async function mended(raw: string): Promise<void> {
  try {
    await run('e2fsck', ['-E', 'journal_only', '-y', raw]).catch((error: { code?: number }) => assert.equal(error.code, 1));
    await run('e2fsck', ['-fn', raw]);
  } finally {
    await rm(raw);
  }
}
