import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskReader } from '../../runtime-host/ext4/diskReader.ts';
import type { StoredInode } from '../../runtime-host/ext4/inode.ts';

/*
 * Describes every file of a disk image and of a directory on this machine in the same words, so that the two can be
 * compared. Paths and targets are byte strings (latin1) from the root on; the root itself is `.`.
 */

export interface FileDescription {
  readonly kind: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** `seconds.nanoseconds` */
  readonly mtime: string;
  readonly xattrs: Readonly<Record<string, string>>;
  readonly device: string;
  readonly target: string;
  readonly size: number;
  /** SHA-256 of the content. */
  readonly content: string;
  /** The first path, in sorted order, of the same inode. */
  readonly sameAs: string;
}

export type TreeDescription = Map<string, FileDescription>;

/** Every file of a disk; lost+found at its top, which layers do not have, is left out and not counted. */
export async function describeDisk(disk: DiskReader): Promise<TreeDescription> {
  const tree: TreeDescription = new Map();
  const firstPaths = new Map<number, string>();
  const describe = async (path: string, inode: StoredInode): Promise<void> => {
    const first = firstPaths.get(inode.number);
    if (first === undefined) firstPaths.set(inode.number, path);
    const { kind } = inode;
    const isDevice = kind === 'character' || kind === 'block';
    const xattrs = [...(await disk.xattrs(inode))].map(([name, value]) => [name, Buffer.from(value).toString('hex')] as const);
    tree.set(path, {
      kind,
      mode: inode.mode.toString(8),
      uid: inode.uid,
      gid: inode.gid,
      links: path === '.' ? inode.links - 1 : inode.links,
      mtime: `${inode.mtime.seconds}.${String(inode.mtime.nanoseconds).padStart(9, '0')}`,
      xattrs: Object.fromEntries(xattrs.sort()),
      device: isDevice ? `${inode.major}:${inode.minor}` : '',
      target: kind === 'symlink' ? await disk.readLink(inode) : '',
      size: kind === 'file' ? inode.size : 0,
      content: kind === 'file' ? await hash(disk.readFile(inode)) : '',
      sameAs: first ?? path,
    });
    if (kind !== 'directory') return;
    for (const entry of sortByName(await disk.readDirectory(inode))) {
      if (path === '.' && entry.name === 'lost+found') continue;
      await describe(path === '.' ? entry.name : `${path}/${entry.name}`, await disk.readInode(entry.inode));
    }
  };
  await describe('.', (await disk.lookup('/'))!);
  return tree;
}

/** Every file below a directory of this machine; needs getfattr. */
export async function describeDirectory(root: string): Promise<TreeDescription> {
  const tree: TreeDescription = new Map();
  const firstPaths = new Map<bigint, string>();
  const xattrs = readXattrs(root);
  const describe = async (path: string): Promise<void> => {
    const place = Buffer.from(Buffer.from(join(Buffer.from(root).toString('latin1'), path), 'latin1'));
    const stat = lstatSync(place, { bigint: true });
    const first = firstPaths.get(stat.ino);
    if (first === undefined) firstPaths.set(stat.ino, path);
    const kind = kindOf(stat);
    const isDevice = kind === 'character' || kind === 'block';
    tree.set(path, {
      kind,
      mode: (stat.mode & 0o7777n).toString(8),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      links: Number(stat.nlink),
      mtime: formatNanoseconds(stat.mtimeNs),
      xattrs: xattrs.get(path) ?? {},
      device: isDevice ? `${(stat.rdev >> 8n) & 0xfffn}:${(stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)}` : '',
      target: kind === 'symlink' ? readlinkSync(place, 'latin1') : '',
      size: kind === 'file' ? Number(stat.size) : 0,
      content: kind === 'file' ? await hash(createReadStream(place)) : '',
      sameAs: first ?? path,
    });
    if (kind !== 'directory') return;
    for (const entry of sortByName(readdirSync(place, 'latin1').map((name) => ({ name })))) {
      await describe(path === '.' ? entry.name : `${path}/${entry.name}`);
    }
  };
  await describe('.');
  return tree;
}

/**
 * What differs, one line each; empty when nothing does.
 * @param ignored what need not be equal, by path: times of directories that no layer describes, for example
 */
export function compareTrees(actual: TreeDescription, expected: TreeDescription, ignored: (path: string) => readonly (keyof FileDescription)[] = () => []): string[] {
  const differences: string[] = [];
  for (const path of new Set([...expected.keys(), ...actual.keys()])) {
    const one = actual.get(path);
    const other = expected.get(path);
    if (one === undefined || other === undefined) {
      differences.push(`${path}: ${one === undefined ? 'is missing' : 'should not be there'}`);
      continue;
    }
    const skip = ignored(path);
    for (const key of Object.keys(other) as (keyof FileDescription)[]) {
      const [found, wanted] = [JSON.stringify(one[key]), JSON.stringify(other[key])];
      if (found !== wanted && !skip.includes(key)) differences.push(`${path}: ${key} is ${found}, should be ${wanted}`);
    }
  }
  return differences;
}

function sortByName<T extends { readonly name: string }>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

async function hash(content: AsyncIterable<Uint8Array>): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of content) sum.update(piece);
  return sum.digest('hex');
}

function kindOf(stat: ReturnType<typeof lstatSync> & object): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'socket';
}

function formatNanoseconds(time: bigint): string {
  const nanoseconds = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return `${(time - nanoseconds) / 1_000_000_000n}.${String(nanoseconds).padStart(9, '0')}`;
}

/** Attributes by path, values in hexadecimal. In getfattr's output, unusual bytes of names are octal escapes. */
function readXattrs(root: string): Map<string, Record<string, string>> {
  const output = execFileSync('getfattr', ['-R', '-h', '-P', '-d', '-m', '-', '-e', 'hex', '.'], { cwd: root, encoding: 'latin1', maxBuffer: 2 ** 30 });
  const found = new Map<string, Record<string, string>>();
  for (const part of output.split('\n\n')) {
    const [first, ...lines] = part.split('\n');
    if (first === undefined || !first.startsWith('# file: ')) continue;
    const path = first.slice('# file: '.length).replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    const values = lines.filter((line) => line !== '').map((line) => {
      const [name = '', value = ''] = line.split('=');
      return [name, value.replace(/^0x/, '')] as const;
    });
    found.set(path, Object.fromEntries(values.sort()));
  }
  return found;
}
