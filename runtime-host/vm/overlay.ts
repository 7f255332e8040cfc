import { replaceFile } from '../base/atomicFile.ts';
import { BerthError } from '../protocol/errors.ts';

/*
 * A qcow2 version 3 file without any data of its own: all that is read comes from the raw image behind it (QEMU,
 * docs/interop/qcow2). We write it ourselves because starting qemu-img costs more than the rest of a container's
 * creation. All numbers are big-endian; clusters have 64 KiB.
 *
 *   cluster 0   header, 104 bytes
 *               extension: type, length, "raw" padded to 8 bytes      (format of the backing file)
 *               extension: type 0, length 0                           (end of extensions)
 *               path of the backing file, not terminated
 *   cluster 1   refcount table: entry 0 → cluster 2
 *   cluster 2   refcount block: 16-bit counts, 1 for each cluster of this file
 *   cluster 3…  L1 table, all zero: nothing allocated
 */
const clusterBits = 16;
const clusterSize = 2 ** clusterBits;
const headerLength = 104;
const magic = 0x514649fb; // "QFI" 0xfb
const backingFormatExtension = 0xe2792aca;
const refcountTableCluster = 1;
const refcountBlockCluster = 2;
const l1Cluster = 3;
/** One L1 entry stands for one L2 table: a cluster of 8-byte entries that stand for a cluster each. */
const bytesPerL1Entry = (clusterSize / 8) * clusterSize;
/** The specification's limit for the backing file's path. */
const maximumBackingPathLength = 1023;

/**
 * Writes an empty overlay; it exists whole or not at all.
 * @param size of the virtual disk in bytes, a multiple of 512
 * @throws BerthError InvalidArgument when the image's path is too long to be recorded.
 */
export async function createOverlay(path: string, image: string, size: number): Promise<void> {
  const entries = Math.ceil(size / bytesPerL1Entry);
  const clusters = l1Cluster + Math.max(1, Math.ceil((entries * 8) / clusterSize));
  const header = encodeHeader(image, size, entries);
  const refcountTable = Buffer.alloc(8);
  refcountTable.writeBigUInt64BE(BigInt(refcountBlockCluster * clusterSize));
  const refcounts = Buffer.alloc(clusters * 2);
  for (let cluster = 0; cluster < clusters; cluster++) refcounts.writeUInt16BE(1, cluster * 2);
  await replaceFile(path, async (file) => {
    await file.truncate(clusters * clusterSize);
    await file.write(header, 0, header.length, 0);
    await file.write(refcountTable, 0, refcountTable.length, refcountTableCluster * clusterSize);
    await file.write(refcounts, 0, refcounts.length, refcountBlockCluster * clusterSize);
  });
}

function encodeHeader(image: string, size: number, l1Entries: number): Buffer {
  const backing = Buffer.from(image);
  if (backing.length > maximumBackingPathLength) {
    throw new BerthError('InvalidArgument', `The path of Berth’s data directory is too long for a disk: ${image}. Set BERTH_HOME to a shorter one.`);
  }
  const extensions = Buffer.alloc(24);
  extensions.writeUInt32BE(backingFormatExtension, 0);
  extensions.writeUInt32BE(3, 4);
  extensions.write('raw', 8, 'latin1');
  const header = Buffer.alloc(headerLength);
  header.writeUInt32BE(magic, 0);
  header.writeUInt32BE(3, 4); // version
  header.writeBigUInt64BE(BigInt(headerLength + extensions.length), 8); // offset of the backing file's path
  header.writeUInt32BE(backing.length, 16);
  header.writeUInt32BE(clusterBits, 20);
  header.writeBigUInt64BE(BigInt(size), 24);
  header.writeUInt32BE(l1Entries, 36);
  header.writeBigUInt64BE(BigInt(l1Cluster * clusterSize), 40);
  header.writeBigUInt64BE(BigInt(refcountTableCluster * clusterSize), 48);
  header.writeUInt32BE(1, 56); // clusters of the refcount table
  header.writeUInt32BE(4, 96); // refcounts have 2^4 bits
  header.writeUInt32BE(headerLength, 100);
  return Buffer.concat([header, extensions, backing]);
}
