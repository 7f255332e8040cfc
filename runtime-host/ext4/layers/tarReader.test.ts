import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TarEntry } from './tarEntry.ts';
import { TarReader } from './tarReader.ts';

interface Found {
  readonly entry: TarEntry;
  content: string;
  ended: boolean;
}

/** Reads an archive that arrives in pieces of the given size. */
function read(archive: Buffer, pieceSize = archive.length): Found[] {
  const found: Found[] = [];
  const reader = new TarReader({
    entry: (entry) => { found.push({ entry, content: '', ended: false }); },
    data: (bytes) => { found[found.length - 1]!.content += bytes.toString('latin1'); },
    end: () => { found[found.length - 1]!.ended = true; },
  });
  for (let offset = 0; offset < archive.length; offset += pieceSize) reader.push(archive.subarray(offset, offset + pieceSize));
  reader.finish();
  return found;
}

type Field = readonly [offset: number, value: string | Buffer];

/** A header with the fields given, in addition to sensible ones, and the content padded. */
function entry(name: string, type: string, content = '', fields: readonly Field[] = []): Buffer {
  const header = Buffer.alloc(512);
  const size = Buffer.byteLength(content, 'latin1');
  const all: Field[] = [[0, name], [100, '0000644'], [108, '0000001'], [116, '0000002'], [124, size.toString(8).padStart(11, '0')], [136, '00000000017'], [156, type], [257, 'ustar\x0000'], ...fields];
  for (const [offset, value] of all) header.set(typeof value === 'string' ? Buffer.from(value, 'latin1') : value, offset);
  header.write('        ', 148);
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.from(content, 'latin1'), Buffer.alloc((512 - (size % 512)) % 512)]);
}

function pax(records: Record<string, string>): string {
  return Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length++;
    return `${length}${rest}`;
  }).join('');
}

const end = Buffer.alloc(1024);
const archiveOf = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, end]);
const isInvalid = (message: RegExp): { code: string; message: RegExp } => ({ code: 'LayerInvalid', message });

test('entries of all kinds, however the archive is cut into pieces', () => {
  const archive = archiveOf(
    entry('dir/', '5'), entry('dir/file', '0', 'x'.repeat(1300)), entry('old', '\0', 'y'), entry('old-dir/', '0'),
    entry('link', '2', '', [[157, 'target']]), entry('hard', '1', '', [[157, 'dir/file']]),
    entry('null', '3', '', [[329, '0000001'], [337, '0000003']]), entry('disk', '4'), entry('pipe', '6'), entry('empty', '0'),
  );
  const whole = read(archive);
  assert.deepEqual(whole.map((item) => item.entry.kind), ['directory', 'file', 'file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo', 'file']);
  assert.ok(whole.every((item) => item.ended));
  const [, file, , , link, , device] = whole;
  assert.deepEqual([file!.entry.mode, file!.entry.uid, file!.entry.gid, file!.entry.mtime.seconds], [0o644, 1, 2, 15]);
  assert.equal(link!.entry.target, 'target');
  assert.deepEqual([device!.entry.major, device!.entry.minor], [1, 3]);
  for (const pieceSize of [1, 7, 511, 512, 513, 4096]) assert.deepEqual(read(archive, pieceSize), whole, `pieces of ${pieceSize} bytes`);
});

test('long names: prefix, GNU, pax, and the last one wins', () => {
  const names = read(archiveOf(
    entry('file', '0', '', [[345, 'pre/fix']]),
    entry('././@LongLink', 'L', `${'n'.repeat(300)}\0`), entry('././@LongLink', 'K', `${'t'.repeat(200)}\0`), entry('short', '2', '', [[157, 'x'], [257, 'ustar  \0']]),
    entry('PaxHeader', 'x', pax({ path: 'p'.repeat(400), linkpath: 'q' })), entry('short', '2', '', [[157, 'x']]),
    entry('plain', '0'),
    entry('100'.padEnd(100, 'c'), '0'),
  )).map(({ entry: { name, target } }) => [name, target]);
  assert.deepEqual(names, [['pre/fix/file', ''], ['n'.repeat(300), 't'.repeat(200)], ['p'.repeat(400), 'q'], ['plain', ''], ['100'.padEnd(100, 'c'), '']]);
});

test('pax records: times, owners, sizes, attributes; global ones last until they are overridden', () => {
  const [first, second] = read(archiveOf(
    entry('g', 'g', pax({ uid: '70000', mtime: '5' })),
    entry('x', 'x', pax({ mtime: '-1.25', atime: '1700000000.123456789123', size: '3', 'SCHILY.xattr.user.a': 'b=c\nd', 'LIBARCHIVE.xattr.user.x%3Dy': 'AAEC' })), entry('one', '0', 'abc', [[124, '00000000000']]),
    entry('two', '0'),
  ));
  assert.deepEqual(first!.entry.mtime, { seconds: -2, nanoseconds: 750_000_000 });
  assert.deepEqual(first!.entry.atime, { seconds: 1_700_000_000, nanoseconds: 123_456_789 });
  assert.equal(first!.content, 'abc');
  assert.equal(first!.entry.uid, 70_000);
  assert.deepEqual([...first!.entry.xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')]), [['user.x=y', '000102'], ['user.a', '623d630a64']]);
  assert.deepEqual([second!.entry.mtime, second!.entry.uid], [{ seconds: 5, nanoseconds: 0 }, 70_000]);
});

test('an empty name in a pax record leaves the one in the header', () => {
  const [item] = read(archiveOf(entry('x', 'x', pax({ path: '', linkpath: '' })), entry('name', '2', '', [[157, 'target']])));
  assert.deepEqual([item!.entry.name, item!.entry.target], ['name', 'target']);
});

test('the list of names in an incremental archive is passed over', () => {
  const [directory, file] = read(archiveOf(entry('dir/', 'D', 'Yfile\0\0'), entry('dir/file', '0', 'x')));
  assert.deepEqual([directory!.entry.kind, directory!.entry.size, file!.content], ['directory', 0, 'x']);
});

test('numbers in base 256, negative ones too', () => {
  const [item] = read(archiveOf(entry('big', '5', '', [[108, Buffer.from('80000000ee6b2800', 'hex')], [136, Buffer.from('ffffffffffffffffffffffff', 'hex')]])));
  assert.deepEqual([item!.entry.uid, item!.entry.mtime.seconds], [4_000_000_000, -1]);
});

test('sparse files in all four forms', () => {
  const octal = (value: number): string => value.toString(8).padStart(11, '0');
  const expected = [{ offset: 0, length: 2 }, { offset: 5000, length: 3 }];
  const map = '2\n0\n2\n5000\n3\n';
  const forms: Record<string, Buffer> = {
    gnu: entry('s', 'S', 'abcde', [[257, 'ustar  \0'], [386, octal(0)], [398, octal(2)], [410, octal(5000)], [422, octal(3)], [483, octal(6000)]]),
    'pax 0.0': Buffer.concat([entry('x', 'x', `${pax({ 'GNU.sparse.size': '6000', 'GNU.sparse.offset': '0', 'GNU.sparse.numbytes': '2' })}${pax({ 'GNU.sparse.offset': '5000', 'GNU.sparse.numbytes': '3' })}`), entry('s', '0', 'abcde')]),
    'pax 0.1': Buffer.concat([entry('x', 'x', pax({ 'GNU.sparse.size': '6000', 'GNU.sparse.name': 's', 'GNU.sparse.map': '0,2,5000,3' })), entry('GNUSparseFile.0/s', '0', 'abcde')]),
    'pax 1.0': Buffer.concat([entry('x', 'x', pax({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '6000', 'GNU.sparse.name': 's' })), entry('GNUSparseFile.0/s', '0', `${map.padEnd(512, '\0')}abcde`)]),
  };
  for (const [form, archive] of Object.entries(forms)) {
    const [item, next] = read(archiveOf(archive, entry('next', '0', 'n')));
    const { name, size, dataSize, ranges } = item!.entry;
    assert.deepEqual({ name, size, dataSize, ranges }, { name: 's', size: 6000, dataSize: 5, ranges: expected }, form);
    assert.equal(item!.content, 'abcde', form);
    assert.equal(next!.content, 'n', form);
  }
});

test('sparse maps in continuation blocks', () => {
  const octal = (value: number): string => value.toString(8).padStart(11, '0');
  const pairs = Array.from({ length: 10 }, (_, index) => [octal(index * 4096), octal(1)]).flat();
  const first = entry('s', 'S', '', [[124, octal(10)], [257, 'ustar  \0'], ...pairs.slice(0, 8).map((text, index): Field => [386 + index * 12, text]), [482, '\x01'], [483, octal(50_000)]]);
  const more = Buffer.alloc(512);
  pairs.slice(8).forEach((text, index) => more.write(text, index * 12));
  const [item] = read(archiveOf(first, more, Buffer.from('0123456789'.padEnd(512, '\0'))));
  assert.equal(item!.content, '0123456789');
  assert.equal(item!.entry.ranges!.length, 10);
});

test('a sparse map that is longer than a block', () => {
  const count = 200;
  const lines = Array.from({ length: count }, (_, index) => `${index * 4096}\n1\n`).join('');
  const map = `${count}\n${lines}`;
  const records = pax({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1000000', 'GNU.sparse.name': 's' });
  const content = 'd'.repeat(count);
  const [item] = read(archiveOf(entry('x', 'x', records), entry('s', '0', `${map.padEnd(Math.ceil(map.length / 512) * 512, '\0')}${content}`)), 100);
  assert.equal(item!.content, content);
  assert.deepEqual(item!.entry.ranges!.at(-1), { offset: 199 * 4096, length: 1 });
});

test('what is not an archive, or damaged, is refused', () => {
  const good = entry('file', '0', 'content');
  const invalid: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from('<html>'.repeat(200)), /not a tar archive/],
    [good.subarray(0, 300), /ends in the middle/],
    [good.subarray(0, 515), /ends in the middle/],
    [entry('x', 'x', pax({ path: 'p' })), /ends in the middle/],
    [Buffer.concat([Buffer.alloc(512), good, end]), /follows after its end/],
    [Buffer.concat([good, end, Buffer.alloc(512, 'x')]), /follows after its end/],
    [archiveOf(entry('f', 'Q')), /unknown type “Q”/],
    [archiveOf(entry('f', '0', '', [[108, '12x4567']])), /not a number/],
    [archiveOf(entry('f', '0', '', [[124, Buffer.from('ffffffffffffffffffffffff', 'hex')]])), /negative size/],
    [archiveOf(entry('x', 'x', '99 path=short\n'), good), /malformed extended header/],
    [archiveOf(entry('x', 'x', pax({ mtime: 'soon' })), good), /malformed time/],
    [archiveOf(entry('x', 'x', pax({ path: 'a\0b' })), good), /zero byte/],
    [archiveOf(entry('x', 'x', pax({ 'GNU.sparse.size': '10', 'GNU.sparse.map': '0,5,3,2' })), good), /overlapping/],
    [archiveOf(entry('x', 'x', pax({ 'GNU.sparse.size': '10', 'GNU.sparse.map': '0,5' })), good), /does not fit its size/],
    [archiveOf(entry('x', 'x', pax({ 'GNU.sparse.size': String(2 ** 50), 'GNU.sparse.map': `${2 ** 45},7` })), good), /larger than 16 TiB/],
    [Buffer.concat([good, end, Buffer.alloc(100, 'x')]), /ends in the middle/],
  ];
  for (const [archive, message] of invalid) assert.throws(() => read(archive), isInvalid(message), String(message));
});

test('an archive without an end mark, and an empty one, are taken', () => {
  assert.equal(read(entry('file', '0', 'content')).length, 1);
  assert.deepEqual(read(Buffer.alloc(0)), []);
  assert.deepEqual(read(Buffer.alloc(10_240)), []);
  assert.equal(read(Buffer.concat([archiveOf(entry('file', '0', 'content')), Buffer.alloc(100)])).length, 1, 'padding that fills no block');
});
