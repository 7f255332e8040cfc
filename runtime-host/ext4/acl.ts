import { BerthError } from '../protocol/errors.ts';
import { get16, get32, put16, put32 } from './bytes.ts';

/*
 * POSIX ACLs. Programs (and layers) see the kernel's form; ext4 stores a shorter one, in which only entries that name a
 * user or a group have an id.
 *
 *   kernel   0 version 2 (4)   then entries of  0 tag(2) 2 permissions(2) 4 id(4)
 *   disk     0 version 1 (4)   then entries of  0 tag(2) 2 permissions(2) [4 id(4)]
 */

const kernelVersion = 2;
const diskVersion = 1;
const namedTags = [0x02, 0x08];

/** @throws BerthError LayerInvalid when it is no ACL. */
export function aclToDisk(acl: Uint8Array): Uint8Array {
  if (acl.length < 4 || acl.length % 8 !== 4 || get32(acl, 0) !== kernelVersion) {
    throw new BerthError('LayerInvalid', 'The image has a file with a malformed access control list.');
  }
  const bytes = new Uint8Array(acl.length);
  put32(bytes, 0, diskVersion);
  let length = 4;
  for (let offset = 4; offset < acl.length; offset += 8) {
    const size = namedTags.includes(get16(acl, offset)) ? 8 : 4;
    bytes.set(acl.subarray(offset, offset + size), length);
    length += size;
  }
  return bytes.slice(0, length);
}

/** The inverse, for the reader. */
export function aclFromDisk(stored: Uint8Array): Uint8Array {
  const entries: number[][] = [];
  for (let offset = 4; offset < stored.length; ) {
    const tag = get16(stored, offset);
    const named = namedTags.includes(tag);
    entries.push([tag, get16(stored, offset + 2), named ? get32(stored, offset + 4) : 0xffffffff]);
    offset += named ? 8 : 4;
  }
  const bytes = new Uint8Array(4 + 8 * entries.length);
  put32(bytes, 0, kernelVersion);
  entries.forEach(([tag, permissions, id], index) => {
    put16(bytes, 4 + 8 * index, tag!);
    put16(bytes, 6 + 8 * index, permissions!);
    put32(bytes, 8 + 8 * index, id!);
  });
  return bytes;
}
