import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskBuilder } from '../diskBuilder.ts';
import type { FileNode } from '../node.ts';
import { zeroTime } from '../node.ts';
import { LayerApplier, namesOf } from './layerApplier.ts';
import type { TarEntry } from './tarEntry.ts';

type Entry = readonly [name: string, kind?: TarEntry['kind'], target?: string];

/** The paths that a stack of layers comes to, each with what it is: `path`, `path/`, `path -> target`. */
function apply(...layers: (readonly Entry[])[]): string[] {
  return withDisk((disk) => {
    layers.forEach((entries, index) => {
      const applier = new LayerApplier(disk, index + 1);
      for (const item of entries) {
        applier.entry(tarEntry(...item));
        applier.end();
      }
    });
    return list(disk.tree.root, '');
  });
}

function applyEntry(entry: TarEntry): void {
  withDisk((disk) => new LayerApplier(disk, 1).entry(entry));
}

function withDisk<Result>(use: (disk: DiskBuilder) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'berth-'));
  const handle = openSync(join(directory, 'disk'), 'w');
  try {
    return use(new DiskBuilder(handle, { size: 256 * 1024 ** 2, uuid: new Uint8Array(16), time: 0 }));
  } finally {
    closeSync(handle);
    rmSync(directory, { recursive: true });
  }
}

function tarEntry(name: string, kind: TarEntry['kind'] = name.endsWith('/') ? 'directory' : 'file', target = ''): TarEntry {
  return { kind, name, target, mode: 0o644, uid: 0, gid: 0, size: 0, dataSize: 0, ranges: undefined, mtime: zeroTime, atime: zeroTime, major: 0, minor: 0, xattrs: new Map() };
}

function list(directory: FileNode, path: string): string[] {
  return [...directory.children].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, { node }]) => {
    const own = `${path}${name}`;
    if (node.kind === 'directory') return [`${own}/`, ...list(node, `${own}/`)];
    return [node.kind === 'symlink' ? `${own} -> ${node.target}` : own];
  });
}

const refused = (message: RegExp): { code: string; message: RegExp } => ({ code: 'LayerInvalid', message });

test('a whiteout hides what lower layers brought, not what its own layer brings', () => {
  assert.deepEqual(apply([['a'], ['b'], ['d/x']], [['.wh.a'], ['b'], ['.wh.b'], ['d/.wh.x'], ['.wh.none'], ['none/.wh.x']]), ['b', 'd/']);
  assert.deepEqual(apply([['d/old'], ['d/sub/old']], [['d/new'], ['.wh.d'], ['d/sub/new']]), ['d/', 'd/new', 'd/sub/', 'd/sub/new']);
});

test('an opaque whiteout empties its directory of what lower layers brought', () => {
  assert.deepEqual(apply([['d/old'], ['e/x']], [['d/new'], ['d/.wh..wh..opq']]), ['d/', 'd/new', 'e/', 'e/x']);
  assert.deepEqual(apply([['d/old'], ['e']], [['.wh..wh..opq'], ['f']]), ['f']);
  assert.deepEqual(apply([['d/old']], [['gone/.wh..wh..opq']]), ['d/', 'd/old']);
});

test('files aufs keeps for itself are passed over', () => {
  assert.deepEqual(apply([['.wh..wh.plnk/', 'directory'], ['.wh..wh.aufs'], ['a']]), ['a']);
});

test('a directory joins the one that is there; anything else takes its place', () => {
  assert.deepEqual(apply([['d/x'], ['f']], [['d/'], ['d/y'], ['f/'], ['f/z']]), ['d/', 'd/x', 'd/y', 'f/', 'f/z']);
  assert.deepEqual(apply([['d/x']], [['d']]), ['d']);
  assert.deepEqual(apply([['a/'], ['l', 'symlink', 'a']], [['l/'], ['l/x']]), ['a/', 'l/', 'l/x']);
});

test('symlinks on the way are followed inside the image and never out of it', () => {
  assert.deepEqual(apply([['usr/bin/'], ['bin', 'symlink', 'usr/bin'], ['bin/sh']]), ['bin -> usr/bin', 'usr/', 'usr/bin/', 'usr/bin/sh']);
  assert.deepEqual(apply([['etc', 'symlink', '/'], ['etc/passwd']]), ['etc -> /', 'passwd']);
  assert.deepEqual(apply([['a/'], ['a/up', 'symlink', '../../../..'], ['a/up/x']]), ['a/', 'a/up -> ../../../..', 'x']);
  assert.deepEqual(apply([['l', 'symlink', '/not/yet'], ['l/x']]), ['l -> /not/yet', 'not/', 'not/yet/', 'not/yet/x']);
  assert.throws(() => apply([['a', 'symlink', 'b'], ['b', 'symlink', 'a'], ['a/x']]), refused(/too many symbolic links/));
});

test('hard links name files of this and of lower layers', () => {
  assert.deepEqual(apply([['d/x'], ['l', 'symlink', 'd']], [['y', 'hardlink', '/l/x'], ['.wh.d']]), ['l -> d', 'y']);
  assert.deepEqual(apply([['d/x'], ['d', 'hardlink', 'd/x']]), ['d']);
  assert.throws(() => apply([['y', 'hardlink', 'x']]), refused(/does not exist/));
  assert.throws(() => apply([['d/'], ['y', 'hardlink', 'd']]), refused(/link to a directory/));
  assert.throws(() => apply([['y', 'hardlink', '../x']]), refused(/climbs out/));
});

test('paths', () => {
  assert.deepEqual(namesOf('./a//b/./c/'), ['a', 'b', 'c']);
  assert.deepEqual(namesOf('/etc/x'), ['etc', 'x']);
  assert.deepEqual(namesOf('a/../b'), ['b']);
  assert.throws(() => namesOf('a/'.repeat(3000)), refused(/6000 bytes/));
  for (const path of ['..', '../../etc/x', 'a/../../b', '/../x']) assert.throws(() => namesOf(path), refused(/climbs out/), path);
});

test('what cannot be is refused', () => {
  assert.throws(() => apply([['f'], ['f/x']]), refused(/not a directory/));
  assert.throws(() => apply([['./', 'file']]), refused(/root directory/));
  assert.throws(() => apply([['n'.repeat(256)]]), refused(/256 bytes/));
  assert.throws(() => apply([['l', 'symlink', '']]), refused(/target/));
  assert.throws(() => apply([['l', 'symlink', 't'.repeat(4096)]]), refused(/target/));
  assert.throws(() => apply([['.wh.']]), refused(/whiteout of nothing/));
  for (const device of [{ major: 4096, minor: 0 }, { major: 0, minor: 2 ** 20 }]) assert.throws(() => applyEntry({ ...tarEntry('dev', 'block'), ...device }), refused(/number that Linux does not have/));
});
