import { blockSize, journalBlocks } from './geometry.ts';

/*
 * An empty JBD2 journal: its super block (version 2, big-endian), then blocks that nothing refers to.
 *
 *    0 magic C03B3998   4 block type 4   8 sequence 0
 *   12 block size  16 blocks  20 first log block  24 first expected sequence  28 start (0: nothing to replay)
 *   32 error  36 compatible, 40 incompatible, 44 read-only features  48 UUID  64 users
 *
 * Features (64-bit block numbers, checksums v3) are set by the kernel on the first mount, as with mke2fs.
 */

/**
 * The first block of an empty journal; the other blocks stay as they are.
 * @param uuid 16 bytes, of the file system that the journal belongs to
 */
export function encodeJournalSuperblock(uuid: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(blockSize);
  bytes.writeUInt32BE(0xc03b3998, 0);
  bytes.writeUInt32BE(4, 4);
  bytes.writeUInt32BE(blockSize, 12);
  bytes.writeUInt32BE(journalBlocks, 16);
  bytes.writeUInt32BE(1, 20);
  bytes.writeUInt32BE(1, 24);
  bytes.set(uuid, 48);
  bytes.writeUInt32BE(1, 64);
  return bytes;
}
