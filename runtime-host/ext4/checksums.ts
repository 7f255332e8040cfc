import { crc32c, crc32cStart, crc32cWord } from './crc32c.ts';

/*
 * Where the checksums of metadata_csum begin. All of them start from the file system's UUID; what belongs to an inode
 * also from its number and generation, so that a block of another file or file system is recognised.
 */

export function fileSystemSeed(uuid: Uint8Array): number {
  return crc32c(crc32cStart, uuid);
}

/** Our inodes all have generation 0. */
export function inodeSeed(seed: number, inode: number, generation = 0): number {
  return crc32cWord(crc32cWord(seed, inode), generation);
}
