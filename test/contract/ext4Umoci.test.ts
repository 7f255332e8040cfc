import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DiskReader } from '../../runtime-host/ext4/diskReader.ts';
import { compareTrees, describeDirectory, describeDisk } from '../support/fileTrees.ts';
import type { FileDescription } from '../support/fileTrees.ts';
import { randomStack } from '../support/randomLayers.ts';
import type { TarEntry, TestImage, TestImageOptions } from '../support/testImages.ts';
import { buildBusyboxImage, buildImage } from '../support/testImages.ts';
import type { DiskSettings } from '../support/umoci.ts';
import { checkDisk, umociUnpack, unpackToDisk } from '../support/umoci.ts';

/** Stacks of random layers that are tried; each seed is a stack. */
const randomStacks = Number(process.env['BERTH_RANDOM_STACKS'] ?? 200);
const stacksPerTest = 50;
const mebibyte = 1024 * 1024;

describe('disks hold what umoci unpacks', { skip: process.getuid?.() === 0 ? false : 'umoci needs root to make devices and owners' }, () => {
  let directory: string;
  beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'berth-umoci-')); });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  type Ignored = (path: string) => readonly (keyof FileDescription)[];
  const rootTime: Ignored = (path) => (path === '.' ? ['mtime'] : []);

  /** Unpacks an image both ways; returns the disk's path when e2fsck is content and nothing differs. */
  async function compare(options: TestImageOptions, settings: DiskSettings & { readonly ignored?: Ignored; readonly name?: string } = {}): Promise<string> {
    const place = join(directory, settings.name ?? 'one');
    const image = buildImage(`${place}.layout`, { compression: 'none', ...options });
    return await compareImage(image, place, settings);
  }

  async function compareImage(image: TestImage, place: string, settings: DiskSettings & { readonly ignored?: Ignored } = {}): Promise<string> {
    umociUnpack(image, `${place}.root`);
    await unpackToDisk(image, `${place}.ext4`, settings);
    checkDisk(`${place}.ext4`);
    const disk = await DiskReader.open(`${place}.ext4`);
    try {
      const differences = compareTrees(await describeDisk(disk), await describeDirectory(`${place}.root`), settings.ignored ?? rootTime);
      assert.deepEqual(differences.slice(0, 20), []);
    } finally {
      await disk.close();
      rmSync(`${place}.root`, { recursive: true, force: true });
    }
    return `${place}.ext4`;
  }

  it('for the BusyBox image', async () => {
    await compareImage(buildBusyboxImage(join(directory, 'layout')), join(directory, 'busybox'));
  });

  it('for every kind of file', async () => {
    const path = await compare({ layers: [[
      { path: './', mode: 0o711, uid: 7, gid: 8 },
      { path: 'bin/', mode: 0o1777, uid: 1, gid: 2 },
      { path: 'bin/setuid', content: 'x', mode: 0o6755, xattrs: { 'security.capability': Buffer.from('0100000200200000000000000000000000000000', 'hex') } },
      { path: 'bin/many', type: 'file', xattrs: Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`user.name${index}`, 'v'.repeat(index + 1)])) },
      { path: 'bin/second', type: 'hardlink', target: 'bin/setuid' },
      { path: 'dev/null', type: 'character', major: 1, minor: 3, mode: 0o666 },
      { path: 'dev/disk', type: 'block', major: 259, minor: 70_000, mode: 0o660, gid: 6 },
      { path: 'dev/none', type: 'character', major: 0, minor: 0 },
      { path: 'dev/', mode: 0o755 },
      { path: 'run/pipe', type: 'fifo' },
      { path: 'run/', mode: 0o700, uid: 4_000_000_000, gid: 3_000_000_000 },
      { path: 'links/', mode: 0o755 },
      { path: 'links/fast', type: 'symlink', target: 'f'.repeat(59), xattrs: { 'trusted.note': 'n'.repeat(300) } },
      { path: 'links/slow', type: 'symlink', target: 's'.repeat(60) },
      { path: 'links/slowest', type: 'symlink', target: 's'.repeat(4000) },
      { path: `links/${'ü'.repeat(127)}`, content: 'long name' },
      ...[0, 1, 4095, 4096, 4097, 1_000_003].map((size) => ({ path: `size${size}`, content: Buffer.alloc(size, `${size} `) })),
      ...[-2_000_000_000, -0.25, 0.5, 2_147_483_648, 4_294_967_296.5, 9_000_000_000].map((mtime, index) => ({ path: `time${index}`, content: '', mtime })),
    ]] });
    // debugfs as a second opinion on what both umoci's kernel and our own reader say.
    assert.match(debugfs(path, 'stat /dev/disk'), /Device major\/minor number: 259:70000/);
    assert.match(debugfs(path, 'stat /bin/setuid'), /Mode:\s+06755[\s\S]*Links: 2/);
    assert.match(debugfs(path, 'ea_list /bin/setuid'), /security\.capability/);
    assert.match(debugfs(path, 'stat /links/fast'), /Fast link dest: "f{59}"/);
    assert.match(debugfs(path, 'stat /time5'), /mtime: 0x1871[0-9a-f]+:00000002/);
  });

  it('for layers that replace and hide', async () => {
    const lower: TarEntry[] = [
      { path: 'a/' }, { path: 'a/one', content: '1' }, { path: 'a/two', content: '2' }, { path: 'a/sub/' }, { path: 'a/sub/deep', content: 'd' },
      { path: 'file', content: 'was a file' }, { path: 'link', type: 'symlink', target: 'a' }, { path: 'copy', type: 'hardlink', target: 'file' },
      { path: 'lib/' }, { path: 'usr/' }, { path: 'usr/lib/' }, { path: 'etc', type: 'symlink', target: '/usr' },
    ];
    const upper: TarEntry[] = [
      { path: 'a/three', content: '3' }, { path: 'a/.wh..wh..opq' }, { path: 'a/sub/' }, { path: 'file/' }, { path: 'file/now', content: 'a directory' },
      { path: '.wh.link' }, { path: 'link/' }, { path: 'lib', type: 'symlink', target: 'usr/lib' }, { path: 'lib/x', content: 'below a link' },
      { path: 'etc/hosts', content: 'below an absolute link' }, { path: 'again', content: 'first' }, { path: 'again', content: 'second' },
      { path: 'hard', type: 'hardlink', target: 'etc/hosts' }, { path: '.wh.nothing' },
    ];
    const changed: Ignored = (path) => (['.', 'a', 'usr', 'usr/lib'].includes(path) ? ['mtime'] : []);
    const path = await compare({ layers: [lower, upper] }, { ignored: changed });
    assert.equal(debugfs(path, 'cat /copy'), 'was a file');
    assert.equal(debugfs(path, 'cat /usr/lib/x'), 'below a link');
  });

  it('for directories of 20,000 and of 3 entries, which are indexed and not', async () => {
    const entries: TarEntry[] = [{ path: 'big/' }, { path: 'small/' }, ...['x', 'y', 'z'].map((name) => ({ path: `small/${name}`, content: '' }))];
    for (let index = 0; index < 20_000; index++) entries.push({ path: `big/an entry with a name of some length ${index}`, type: 'symlink', target: 'x' });
    const path = await compare({ layers: [entries] });
    assert.match(debugfs(path, 'htree_dump /big'), /Hash Version: 1[\s\S]*Indirect levels: 0/);
    assert.match(debugfs(path, 'stat /big'), /Flags: 0x81000/);
    assert.match(debugfs(path, 'stat /small'), /Flags: 0x80000/);
    assert.match(debugfs(path, 'stat "/big/an entry with a name of some length 19999"'), /Type: symlink/);
  });

  it('for a directory whose index has two levels', async () => {
    const entries: TarEntry[] = [{ path: 'big/' }];
    for (let index = 0; index < 9000; index++) entries.push({ path: `big/${String(index).padStart(250, 'n')}`, type: 'fifo' });
    const path = await compare({ layers: [entries] });
    assert.match(debugfs(path, 'htree_dump /big'), /Indirect levels: 1/);
  });

  it('for a deep tree', async () => {
    const names = Array.from({ length: 400 }, (_, index) => `d${index}`);
    const entries = names.map((_, index): TarEntry => ({ path: `${names.slice(0, index + 1).join('/')}/` }));
    await compare({ layers: [[...entries, { path: `${names.join('/')}/end`, content: 'deep' }]] });
  });

  for (let first = 1; first <= randomStacks; first += stacksPerTest) {
    const last = Math.min(first + stacksPerTest - 1, randomStacks);
    it(`for random layers, seeds ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed++) {
        const { layers, unsettled } = randomStack(seed);
        try {
          const path = await compare({ layers }, { size: 256 * mebibyte, ignored: (name) => unsettled.get(name) ?? [], name: `seed${seed}` });
          rmSync(path);
        } catch (error) {
          throw new Error(`The disk for seed ${seed} is not right.`, { cause: error });
        }
      }
    });
  }
});

function debugfs(disk: string, command: string): string {
  return execFileSync('debugfs', ['-R', command, disk], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
}
