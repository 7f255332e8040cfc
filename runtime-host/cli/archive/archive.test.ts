import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { pack, type Header } from 'tar-stream';
import { BerthError } from '../../protocol/errors.ts';
import { checkPlaces, parsePlace } from './copyArguments.ts';
import { inspectDestination, targetFor } from './localDestination.ts';
import { inspectSource, packSource } from './localSource.ts';
import { unpack } from './unpack.ts';

let directory: string;
before(() => { directory = mkdtempSync(join(tmpdir(), 'berth-archive-')); });
beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'dir'), { recursive: true });
  writeFileSync(join(directory, 'file'), 'old');
  symlinkSync('dir', join(directory, 'to-dir'));
  symlinkSync('nothing', join(directory, 'to-nothing'));
});
after(() => rmSync(directory, { recursive: true }));

test('places are told apart as docker does', () => {
  assert.deepEqual(parsePlace('web:/etc'), { container: 'web', path: '/etc' });
  assert.deepEqual(parsePlace('web:etc:x'), { container: 'web', path: 'etc:x' });
  assert.deepEqual(parsePlace('web:'), { container: 'web', path: '/' });
  for (const path of ['/a:b', './a:b', '../a:b', 'a', '-', '.']) assert.deepEqual(parsePlace(path), { path });
  assert.throws(() => checkPlaces(parsePlace('a:/x'), parsePlace('b:/x')), /between containers/);
  assert.throws(() => checkPlaces(parsePlace('x'), parsePlace('y')), /CONTAINER:PATH/);
  assert.throws(() => checkPlaces(parsePlace(''), parsePlace('y:/')), /source/);
  assert.throws(() => checkPlaces(parsePlace(':/x'), parsePlace('y')), /no container/);
});

test('destinations here mean what docker says', async () => {
  const file = { name: 'src', directory: false, contents: false };
  const tree = { name: 'src', directory: true, contents: false };
  const contents = { name: '', directory: true, contents: true };
  for (const [source, asked, expected] of [
    [file, 'new', 'new'], [file, 'new/', /no directory/], [file, 'no/new', /does not exist/], [file, 'file', 'file'], [file, 'file/', /not a directory/],
    [file, 'dir', 'dir/src'], [file, 'dir/', 'dir/src'], [file, 'to-dir', 'dir/src'], [file, 'to-nothing', 'nothing'], [file, 'file/x', /not a directory/],
    [tree, 'new', 'new'], [tree, 'new/', 'new'], [tree, 'file', /cannot be copied onto/], [tree, 'dir', 'dir/src'],
    [contents, 'new', 'new'], [contents, 'dir', 'dir'], [contents, 'file', /cannot be copied onto/],
  ] as const) {
    const decided = async (): Promise<string> => targetFor(source, await inspectDestination(`${directory}/${asked}`));
    if (typeof expected === 'string') assert.equal(await decided(), join(directory, expected), asked);
    else await assert.rejects(decided, expected, asked);
  }
});

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

async function unpacked(entries: readonly Entry[], asked: string, sourcePath = '/src', archive = false): Promise<string[]> {
  const tar = pack();
  for (const { content = '', ...header } of entries) tar.entry(header, content);
  tar.finalize();
  const warnings: string[] = [];
  const destination = await inspectDestination(join(directory, asked));
  await unpack(tar as AsyncIterable<Uint8Array>, async () => undefined, { destination, sourcePath, archive, warn: (message) => warnings.push(message) });
  return warnings;
}

test('an archive from a container writes nowhere else', async () => {
  const root: Entry = { name: 'src/', type: 'directory' };
  symlinkSync('..', join(directory, 'dir', 'there'));
  for (const [what, entries] of Object.entries({
    climbing: [root, { name: 'src/../../escaped', content: 'x' }],
    'through its own link': [root, { name: 'src/out', type: 'symlink', linkname: '../..' }, { name: 'src/out/escaped', content: 'x' }],
    'through an absolute link': [root, { name: 'src/out', type: 'symlink', linkname: directory }, { name: 'src/out/escaped', content: 'x' }],
    'a hard link through a link': [root, { name: 'src/out', type: 'symlink', linkname: '../..' }, { name: 'src/stolen', type: 'link', linkname: 'src/out/file' }],
    'a hard link that climbs': [root, { name: 'src/stolen', type: 'link', linkname: 'src/../../file' }],
  } satisfies Record<string, Entry[]>)) {
    await assert.rejects(unpacked(entries, 'dir'), BerthError, what);
    assert.equal(existsSync(join(directory, 'escaped')), false, what);
    assert.equal(statSync(join(directory, 'file')).nlink, 1, what);
    rmSync(join(directory, 'dir', 'src'), { recursive: true, force: true });
  }
  await assert.rejects(unpacked([{ name: './', type: 'directory' }, { name: './there/escaped', content: 'x' }], 'dir', '/src/.'), /symbolic link/);
  assert.equal(existsSync(join(directory, 'escaped')), false);
});

test('a directory that is replaced by a link meanwhile, as a container that shares it can, leads nowhere', { skip: process.platform !== 'linux' }, async () => {
  const whole = pack();
  for (const name of ['src/', 'src/sub/']) whole.entry({ name, type: 'directory' });
  for (const name of ['src/sub/a', 'src/sub/b']) whole.entry({ name }, 'x');
  whole.finalize();
  const packed: Buffer[] = [];
  for await (const chunk of whole as AsyncIterable<Buffer>) packed.push(chunk);
  const archive = Buffer.concat(packed);
  const destination = await inspectDestination(join(directory, 'dir'));
  const sub = join(directory, 'dir/src/sub');
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield archive.subarray(0, 4 * 512);
    while (!existsSync(join(sub, 'a'))) await new Promise((resolve) => setImmediate(resolve));
    renameSync(sub, join(directory, 'moved'));
    symlinkSync('../../dir', sub);
    yield archive.subarray(4 * 512);
  };
  await assert.rejects(unpack(chunks(), async () => undefined, { destination, sourcePath: '/src', archive: false, warn: assert.fail }), /symbolic link/);
  assert.deepEqual([readdirSync(join(directory, 'dir')), readdirSync(join(directory, 'moved'))], [['src'], ['a', 'b']]);
});

test('kinds are not mixed up, and an archive that breaks off leaves the old file', async () => {
  mkdirSync(join(directory, 'dir', 'src'));
  await assert.rejects(unpacked([{ name: 'src', content: 'x' }], 'dir'), /overwritten with something else/);
  writeFileSync(join(directory, 'dir', 'other'), 'old');
  await assert.rejects(unpacked([{ name: 'other/', type: 'directory' }], 'dir', '/other'), /overwritten with one/);
  const destination = await inspectDestination(join(directory, 'file'));
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    const whole = pack();
    whole.entry({ name: 'src' }, 'x'.repeat(5000));
    whole.finalize();
    for await (const chunk of whole as AsyncIterable<Uint8Array>) { yield chunk.subarray(0, 1000); }
  };
  const lost = new BerthError('HostUnreachable', 'lost');
  await assert.rejects(unpack(broken(), () => Promise.reject(lost), { destination, sourcePath: '/src', archive: false, warn: assert.fail }), lost);
  assert.deepEqual([readFileSync(join(directory, 'file'), 'utf8'), readdirSync(directory).sort()], ['old', ['dir', 'file', 'to-dir', 'to-nothing']]);
});

test('what is unpacked has its modes and times, lends no rights, and warns of what was left out', async () => {
  const mtime = new Date('2001-02-03T04:05:06Z');
  const warnings = await unpacked([
    { name: 'src/', type: 'directory', mode: 0o500, mtime }, { name: 'src/suid', mode: 0o4711, mtime, content: 'x' }, { name: 'src/fifo', type: 'fifo', mode: 0o640, mtime }, { name: 'src/null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'src/link', type: 'symlink', linkname: '/absolute/..', mtime },
  ], 'new');
  assert.deepEqual(warnings, ['“src/null” was left out: devices are not made here.']);
  assert.deepEqual([statSync(join(directory, 'new/fifo')).isFIFO(), statSync(join(directory, 'new/fifo')).mtime], [true, mtime]);
  const mode = (name: string): number => statSync(join(directory, 'new', name)).mode & 0o7777;
  assert.deepEqual([mode('.'), mode('suid'), mode('fifo'), statSync(join(directory, 'new')).mtime, statSync(join(directory, 'new', 'suid')).mtime], [0o500, 0o711, 0o640, mtime, mtime]);
  chmodSync(join(directory, 'new'), 0o700);
});

test('what is packed is what GNU tar reads', async () => {
  const source = join(directory, 'dir');
  const long = 'n'.repeat(200);
  execFileSync('sh', ['-ec', `mkdir -p ${long}/${long}; printf x > 'with\nnewline'; printf deep > ${long}/${long}/ünï; ln ${long}/${long}/ünï hard; ln -s /no/where link; mkfifo fifo; printf late > late; touch -d '2001-02-03 04:05:06.7' late; chmod 6711 late`], { cwd: source });
  const list = (cwd: string): string => execFileSync('sh', ['-ec', "find . -printf '%P|%y|%m|%s|%l|%n|%T@\\n' | grep -v '^|' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum"], { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  const chunks: Buffer[] = [];
  for await (const chunk of packSource(await inspectSource(`${source}/.`, false), false) as AsyncIterable<Buffer>) chunks.push(chunk);
  mkdirSync(join(directory, 'again'));
  execFileSync('tar', ['-xpf', '-', '-C', join(directory, 'again')], { input: Buffer.concat(chunks) });
  assert.equal(list(join(directory, 'again')).replaceAll(/\|d\|(\d+)\|\d+/g, '|d|$1'), list(source).replaceAll(/\|d\|(\d+)\|\d+/g, '|d|$1'));
  await assert.rejects(inspectSource(join(directory, 'no'), false), /no file or directory/);
  await assert.rejects(inspectSource(`${directory}/file/`, false), /not a directory/);
  assert.deepEqual((await inspectSource(join(directory, 'to-dir'), false)).source, 'file');
  assert.deepEqual((await inspectSource(join(directory, 'to-dir'), true)).source, 'directory');
  assert.deepEqual((await inspectSource(`${directory}/to-dir/`, false)).source, 'directory');
});
