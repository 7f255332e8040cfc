import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { minimumMemoryBytes, type ContainerSpec } from '../../protocol/types.ts';
import { skipLines } from '../logs/logView.ts';
import { checkSpec, mergeEnvironment, recordOf } from './containerSpec.ts';
import type { ImageDisk } from '../interfaces.ts';
import { signalNumber } from './signals.ts';

const disk: ImageDisk = {
  key: 'k',
  path: '/k.ext4',
  size: 1024,
  manifestDigest: 'sha256:0',
  config: { env: ['PATH=/bin', 'A=image'], entrypoint: ['/entry'], command: ['default'], workingDirectory: '/w', user: 'app', stopSignal: 'SIGINT', volumes: [], exposedPorts: [] },
};
const bare: ImageDisk = { ...disk, config: { env: [], entrypoint: [], command: [], workingDirectory: '', user: '', stopSignal: undefined, volumes: [], exposedPorts: [] } };
const make = (spec: Partial<ContainerSpec>, from = disk) => recordOf({ image: 'i', ...spec }, { id: 'x', name: 'n' }, [], from);

test('command and entry point combine as image and user say', () => {
  assert.deepEqual(make({}).arguments, ['/entry', 'default']);
  assert.deepEqual(make({ command: ['mine'] }).arguments, ['/entry', 'mine']);
  assert.deepEqual(make({ entrypoint: ['/other'] }).arguments, ['/other']);
  assert.deepEqual(make({ entrypoint: ['/other'], command: ['x'] }).arguments, ['/other', 'x']);
  assert.throws(() => make({}, bare), { code: 'InvalidArgument' });
  assert.throws(() => make({ command: [''] }, bare), { code: 'CommandNotFound', message: /name of the command is empty/ });
  assert.deepEqual(make({ command: ['x', ''] }, bare).arguments, ['x', '']);
});

test('what the image says holds unless the user says otherwise', () => {
  const defaults = make({});
  assert.deepEqual([defaults.user, defaults.workingDirectory, defaults.stopSignal], ['app', '/w', 'SIGINT']);
  assert.deepEqual(defaults.env, ['PATH=/bin', 'A=image']);
  const chosen = make({ user: '5', workingDirectory: '/else', env: ['A=mine', 'B='], terminal: true });
  assert.deepEqual([chosen.user, chosen.workingDirectory], ['5', '/else']);
  assert.deepEqual(chosen.env, ['PATH=/bin', 'TERM=xterm-256color', 'A=mine', 'B=']);
  assert.equal(make({ command: ['x'] }, bare).workingDirectory, '/');
  assert.match(make({ command: ['x'] }, bare).env[0] ?? '', /^PATH=.*\/bin$/);
});

test('later variables replace earlier ones in their place', () => {
  assert.deepEqual(mergeEnvironment(['A=1', 'B=2'], ['A=3=4']), ['A=3=4', 'B=2']);
});

test('bounds', async () => {
  const refused = (spec: Partial<ContainerSpec>) => assert.rejects(checkSpec({ image: 'i', ...spec }), { code: 'InvalidArgument' });
  await refused({ image: '' });
  for (const memoryBytes of [0, -1, minimumMemoryBytes - 1, 1.5, Number.NaN, 2 ** 52]) await refused({ memoryBytes });
  for (const cpus of [0, -1, 1.5, Number.NaN, 10_000]) await refused({ cpus });
  await refused({ env: ['NOVALUE'] });
  await refused({ env: ['=x'] });
  await refused({ command: ['a\0b'] });
  await refused({ workingDirectory: 'relative' });
});

test('shared directories', async (context) => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'spec-')));
  context.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'real'));
  await symlink(join(directory, 'real'), join(directory, 'link'));
  await writeFile(join(directory, 'file'), '');
  const check = (source: string, target = '/t') => checkSpec({ image: 'i', mounts: [{ source, target, readOnly: false }] });
  assert.deepEqual(await check(join(directory, 'link'), '/a//b/../t/'), [{ source: join(directory, 'real'), target: '/a/t', readOnly: false }]);
  assert.deepEqual(await checkSpec({ image: 'i', mounts: [{ source: directory, target: '/t', readOnly: true, force: true }] }), [{ source: directory, target: '/t', readOnly: true, force: true }]);
  for (const source of ['relative', join(directory, 'file'), join(directory, 'absent'), `${directory}\0`]) {
    await assert.rejects(check(source), { code: 'FolderInvalid' }, source);
  }
  await chmod(join(directory, 'real'), 0);
  // Root may open everything.
  if (process.getuid?.() !== 0) await assert.rejects(check(join(directory, 'real')), { code: 'FolderInvalid', message: /permissions/ });
  await chmod(join(directory, 'real'), 0o700);
  for (const target of ['', 'relative', '/', '/proc', '/a/..', '/sys/']) await assert.rejects(check(directory, target), { code: 'InvalidArgument' }, target);
  const twice = [directory, join(directory, 'real')].map((source) => ({ source, target: '/t', readOnly: true }));
  await assert.rejects(checkSpec({ image: 'i', mounts: twice }), { code: 'InvalidArgument' });
});

test('signals', () => {
  assert.deepEqual(['SIGTERM', 'term', '15', 'SIGRTMIN+3', 'RTMAX', 'SIGRTMAX-1'].map(signalNumber), [15, 15, 15, 37, 64, 63]);
  for (const text of ['', '0', '65', 'SIGNOPE', '-9', '1.5', 'RTMIN+40']) assert.throws(() => signalNumber(text), { code: 'InvalidArgument' }, text);
});

test('lines are skipped across pieces', () => {
  assert.deepEqual(skipLines(Buffer.from('a\nb\nc'), 1), { rest: Buffer.from('b\nc'), toSkip: 0 });
  assert.deepEqual(skipLines(Buffer.from('a\nb'), 3), { rest: Buffer.alloc(0), toSkip: 2 });
  assert.deepEqual(skipLines(Buffer.from('a'), 0), { rest: Buffer.from('a'), toSkip: 0 });
});
