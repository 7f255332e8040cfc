import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { characterDevice, directory, file, newcArchive } from './newc.mjs';

const entries = [file('init', 0o755, Buffer.from('hello')), directory('dev', 0o755), characterDevice('dev/console', 0o600, 5, 1)];

test('equal entries give equal bytes', () => {
  assert.deepEqual(newcArchive(entries), newcArchive(entries));
});

test('headers have the documented layout', () => {
  const archive = newcArchive(entries);
  assert.equal(archive.length % 4, 0);
  const header = archive.subarray(0, 110).toString('latin1');
  assert.match(header, /^070701[0-9A-F]{104}$/);
  assert.equal(parseInt(header.slice(14, 22), 16), 0o100755);
  assert.equal(parseInt(header.slice(54, 62), 16), 5);
  assert.equal(archive.subarray(110, 115).toString('latin1'), 'init\0');
  assert.equal(archive.subarray(116, 121).toString('latin1'), 'hello');
  assert.ok(archive.includes('TRAILER!!!'));
});

test('cpio lists what was put in', () => {
  const listing = execFileSync('cpio', ['-tv', '--quiet'], { input: newcArchive(entries), encoding: 'utf8' });
  assert.match(listing, /^-rwxr-xr-x +1 root +root +5 .* init$/m);
  assert.match(listing, /^drwxr-xr-x +2 root +root +0 .* dev$/m);
  assert.match(listing, /^crw------- +1 root +root +5, +1 .* dev\/console$/m);
});
