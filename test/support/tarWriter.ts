/*
 * Writes tar archives (POSIX.1-2001 pax) from lists in memory, hostile ones included: nothing in a path is checked.
 *
 *   entry := [ 'x' header + pax records ] header(512) content padded to 512
 *   end   := two zero blocks
 */

export interface TarEntry {
  /** Written as it is: `../../etc/x` and `/etc/x` are possible. */
  readonly path: string;
  /** Default: `directory` when the path ends in a slash, else `file`. */
  readonly type?: keyof typeof typeFlags;
  readonly content?: string | Uint8Array;
  /** Permission bits; default 0o755 for directories, 0o777 for symlinks, else 0o644. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970, fractions allowed; default 2024-01-01T00:00:00Z. */
  readonly mtime?: number;
  /** Target of a symlink, or path of the file that a hard link names. */
  readonly target?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Extended attributes by full name, such as `user.note` or `security.capability`. */
  readonly xattrs?: Readonly<Record<string, string | Uint8Array>>;
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' } as const;
const blockSize = 512;
export const defaultMtime = Date.UTC(2024, 0, 1) / 1000;

/** The whole archive. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(encodeEntry), Buffer.alloc(2 * blockSize)]);
}

function encodeEntry(entry: TarEntry): Buffer[] {
  const type = entry.type ?? (entry.path.endsWith('/') ? 'directory' : 'file');
  const content = type === 'file' ? Buffer.from(entry.content ?? '') : Buffer.alloc(0);
  const mtime = entry.mtime ?? defaultMtime;
  const records = paxRecords(entry, mtime);
  const fields = {
    name: entry.path,
    mode: entry.mode ?? (type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644),
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    size: content.length,
    mtime: Math.floor(mtime),
    flag: typeFlags[type],
    target: entry.target ?? '',
    major: entry.major ?? 0,
    minor: entry.minor ?? 0,
  };
  const extended = records.length === 0 ? [] : [header({ ...fields, name: 'PaxHeader', flag: 'x', target: '', size: records.length, major: 0, minor: 0 }), padded(records)];
  return [...extended, header(fields), padded(content)];
}

/** What the fixed header has no room for: long names, fractions of a second, large owners, extended attributes. */
function paxRecords(entry: TarEntry, mtime: number): Buffer {
  const records: Buffer[] = [];
  if (needsRecord(entry.path)) records.push(paxRecord('path', entry.path));
  if (entry.target !== undefined && needsRecord(entry.target)) records.push(paxRecord('linkpath', entry.target));
  if (!Number.isInteger(mtime) || mtime < 0 || mtime >= 8 ** 11) records.push(paxRecord('mtime', String(mtime)));
  if ((entry.uid ?? 0) >= 8 ** 7) records.push(paxRecord('uid', String(entry.uid)));
  if ((entry.gid ?? 0) >= 8 ** 7) records.push(paxRecord('gid', String(entry.gid)));
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) records.push(paxRecord(`SCHILY.xattr.${name}`, value));
  return Buffer.concat(records);
}

function needsRecord(path: string): boolean {
  return Buffer.byteLength(path) > 100 || /[^\x20-\x7e]/.test(path);
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

interface HeaderFields {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly flag: string;
  readonly target: string;
  readonly major: number;
  readonly minor: number;
}

function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, offset: number, length: number): void => {
    const fits = value >= 0 && value < 8 ** (length - 1);
    block.write((fits ? value : 0).toString(8).padStart(length - 1, '0'), offset, 'latin1');
  };
  block.write(fields.name, 0, 100, 'utf8');
  octal(fields.mode, 100, 8);
  octal(fields.uid, 108, 8);
  octal(fields.gid, 116, 8);
  octal(fields.size, 124, 12);
  octal(fields.mtime, 136, 12);
  block.write(fields.flag, 156, 'latin1');
  block.write(fields.target, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  octal(fields.major, 329, 8);
  octal(fields.minor, 337, 8);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)]);
}
