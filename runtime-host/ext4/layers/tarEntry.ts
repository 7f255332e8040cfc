import type { DataRange } from '../fileWriter.ts';
import type { FileKind, Timestamp } from '../node.ts';
import type { PaxRecords } from './paxRecords.ts';
import { parsePaxNumber, parsePaxTime } from './paxRecords.ts';
import type { RawHeader } from './tarHeader.ts';
import { layerInvalid } from './tarHeader.ts';

/** What an entry of a tar archive says, after all its headers have been put together. Strings hold bytes (latin1). */
export interface TarEntry {
  readonly kind: FileKind | 'hardlink';
  /** As it stands in the archive. */
  readonly name: string;
  readonly target: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Size of the file, and bytes of data that follow in the archive: less for sparse files, 0 for most that are no files. */
  readonly size: number;
  readonly dataSize: number;
  /** Where the data belongs in a sparse file. */
  readonly ranges: readonly DataRange[] | undefined;
  readonly mtime: Timestamp;
  readonly atime: Timestamp;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** What headers before the actual one have said about it. */
export interface EntryOverrides {
  readonly globals: ReadonlyMap<string, string>;
  readonly records: PaxRecords;
  readonly longName: string | undefined;
  readonly longTarget: string | undefined;
}

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file', '\0': 'file', '7': 'file', S: 'file',
  '1': 'hardlink', '2': 'symlink', '3': 'character', '4': 'block', '5': 'directory', '6': 'fifo', D: 'directory',
};
const schilyPrefix = 'SCHILY.xattr.';
const libarchivePrefix = 'LIBARCHIVE.xattr.';
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();
const largestId = 2 ** 32 - 1;

/** Puts an entry together; its sparse map, if any, is added by the reader. */
export function assembleEntry(header: RawHeader, overrides: EntryOverrides): TarEntry {
  const known = kinds[header.type];
  if (known === undefined) throw layerInvalid(`an entry has the unknown type “${header.type}”`);
  const values = overrides.records.length === 0 && overrides.globals.size === 0 ? undefined : new Map([...overrides.globals, ...overrides.records]);
  const name = values?.get('GNU.sparse.name') || values?.get('path') || (overrides.longName ?? header.name);
  const kind = known === 'file' && name.endsWith('/') ? 'directory' : known;
  const mtime = time(values?.get('mtime')) ?? { seconds: header.mtime, nanoseconds: 0 };
  const size = kind === 'file' ? number(values?.get('size')) ?? header.size : 0;
  const entry = {
    kind,
    name,
    target: values?.get('linkpath') || (overrides.longTarget ?? header.target),
    mode: header.mode & 0o7777,
    uid: number(values?.get('uid')) ?? header.uid,
    gid: number(values?.get('gid')) ?? header.gid,
    size,
    // The list of names that GNU tar's “D” has is of no use here.
    dataSize: header.type === 'D' ? header.size : size,
    ranges: undefined,
    mtime,
    atime: time(values?.get('atime')) ?? mtime,
    major: header.major,
    minor: header.minor,
    xattrs: values === undefined ? noXattrs : readXattrs(values),
  };
  if (entry.uid < 0 || entry.uid > largestId || entry.gid < 0 || entry.gid > largestId) throw layerInvalid(`“${printable(name)}” has an impossible owner`);
  if (name.includes('\0') || entry.target.includes('\0')) throw layerInvalid(`the name “${printable(name.replaceAll('\0', '�'))}” contains a zero byte`);
  return entry;
}

/** A byte string as text for a message. */
export function printable(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

function time(text: string | undefined): Timestamp | undefined {
  return text === undefined || text === '' ? undefined : parsePaxTime(text);
}

function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : parsePaxNumber(text);
}

/** SCHILY's values are plain bytes; libarchive's are base64 and their names percent-encoded. The former win. */
function readXattrs(values: ReadonlyMap<string, string>): ReadonlyMap<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of values) {
    if (!key.startsWith(libarchivePrefix)) continue;
    const name = key.slice(libarchivePrefix.length).replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    xattrs.set(name, Buffer.from(value, 'base64'));
  }
  for (const [key, value] of values) {
    if (key.startsWith(schilyPrefix)) xattrs.set(key.slice(schilyPrefix.length), Buffer.from(value, 'latin1'));
  }
  return xattrs.size === 0 ? noXattrs : xattrs;
}

