/*
 * The "newc" cpio format, as the kernel's initramfs unpacker reads it (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst). Every entry:
 *
 *   +--------+------------------------------------+-----------+-----+--------------+-----+
 *   | 070701 | 13 fields, 8 hexadecimal digits    | name, NUL | pad | file content | pad |
 *   +--------+------------------------------------+-----------+-----+--------------+-----+
 *     6 bytes   inode mode uid gid links mtime                 to 4                  to 4
 *               size major minor rmajor rminor
 *               name-length check
 *
 * The archive ends with an empty entry named TRAILER!!!.
 */

const directoryType = 0o040000;
const fileType = 0o100000;
const characterDeviceType = 0o020000;

/** @typedef {{ name: string, mode: number, content?: Uint8Array, device?: { major: number, minor: number } }} Entry */

/** @returns {Entry} */
export const directory = (name, permissions) => ({ name, mode: directoryType | permissions });
/** @returns {Entry} */
export const file = (name, permissions, content) => ({ name, mode: fileType | permissions, content });
/** @returns {Entry} */
export const characterDevice = (name, permissions, major, minor) => ({
  name,
  mode: characterDeviceType | permissions,
  device: { major, minor },
});

/**
 * The archive as one buffer. Everything belongs to root and has the time 0, so that equal entries give equal bytes.
 * Parents must come before what they hold; names have no leading slash.
 * @param {readonly Entry[]} entries
 */
export function newcArchive(entries) {
  const parts = entries.flatMap((entry, index) => encode(entry, index + 1));
  parts.push(...encode({ name: 'TRAILER!!!', mode: 0 }, 0));
  return Buffer.concat(parts);
}

/** @param {Entry} entry */
function encode(entry, inode) {
  const content = entry.content ?? new Uint8Array(0);
  const name = Buffer.from(`${entry.name}\0`, 'utf8');
  const links = (entry.mode & 0o170000) === directoryType ? 2 : 1;
  const { major, minor } = entry.device ?? { major: 0, minor: 0 };
  const fields = [inode, entry.mode, 0, 0, links, 0, content.length, 0, 0, major, minor, name.length, 0];
  const header = Buffer.from(`070701${fields.map(hexadecimal).join('')}`, 'latin1');
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function hexadecimal(value) {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** Zeros up to the next multiple of four. */
function padding(length) {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
