/*
 * The tree of files while it is being put together. Names and symlink targets are byte strings: one character per
 * byte (latin1), since ext4 and tar both hold bytes, not text.
 */

/** A run of blocks of a file: `length` blocks from `logical` on lie at `start` on the disk. */
export interface Extent {
  readonly logical: number;
  readonly start: number;
  readonly length: number;
}

/** Seconds since 1970 (may be negative) and the nanoseconds after them. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export type FileKind = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo';

export interface FileMetadata {
  /** Permission, setuid, setgid and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly atime: Timestamp;
  /** Values by full name, such as `security.capability`. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** An inode. Which members mean something depends on its kind. */
export interface FileNode {
  readonly kind: FileKind;
  metadata: FileMetadata;
  /** Number of names; kept by the tree, for directories unused. */
  links: number;
  /** Number in the file system, given when the disk is finished. */
  number: number;
  /** Files: bytes and where they are. */
  size: number;
  extents: Extent[];
  /** Symlinks. */
  readonly target: string;
  /** Devices. */
  readonly major: number;
  readonly minor: number;
  /** Directories; empty for all others. */
  readonly children: Map<string, DirectoryEntry>;
}

/** A name in a directory. */
export interface DirectoryEntry {
  node: FileNode;
  /** The layer that last wrote this name or something below it; a layer's whiteouts spare its own entries. */
  layer: number;
}

const noChildren: ReadonlyMap<string, DirectoryEntry> = new Map();

export interface NodeDetails {
  /** Of a symbolic link. */
  readonly target?: string;
  /** Device numbers. */
  readonly major?: number;
  readonly minor?: number;
}

/** A node in no directory and with no content yet; whoever adds it to a directory counts the link. */
export function createNode(kind: FileKind, metadata: FileMetadata, details: NodeDetails = {}): FileNode {
  const { target = '', major = 0, minor = 0 } = details;
  const children = kind === 'directory' ? new Map<string, DirectoryEntry>() : (noChildren as Map<string, DirectoryEntry>);
  return { kind, metadata, links: 0, number: 0, size: 0, extents: [], target, major, minor, children };
}

export const zeroTime: Timestamp = { seconds: 0, nanoseconds: 0 };
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

/** Metadata for what no layer describes: owned by root, no extended attributes. */
export function plainMetadata(mode: number, time: Timestamp): FileMetadata {
  return { mode, uid: 0, gid: 0, mtime: time, atime: time, xattrs: noXattrs };
}
