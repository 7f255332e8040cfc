import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDisk } from './umoci.ts';

/** Called before a test's directory is removed: e2fsck looks at every disk of an image that was made below it. */
export async function checkDisksBelow(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isFile() && entry.name.endsWith('.ext4')) checkDisk(join(entry.parentPath, entry.name));
}
