import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { guestDirectory } from '../../runtime-host/vm/guestAssets.ts';

/*
 * What `npm run build:guest` makes.
 */

const initramfs = join(guestDirectory(), 'initramfs.cpio');

/** Types of an ELF file's program headers (elf(5)). */
function programHeaders(elf: Buffer): number[] {
  assert.equal(elf.subarray(0, 5).toString('latin1'), '\x7fELF\x02', '64-bit ELF');
  const [start, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => elf.readUInt32LE(start + index * size));
}

test('the initramfs holds vminitd and the console, and vminitd needs nothing else', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const listing = execFileSync('cpio', ['-tv', '--quiet'], { input: readFileSync(initramfs), encoding: 'utf8' });
  assert.deepEqual(listing.trim().split('\n').map((line) => line.split(/\s+/).at(-1)), ['init', 'dev', 'dev/console']);
  execFileSync('cpio', ['-id', '--quiet', 'init'], { input: readFileSync(initramfs), cwd: directory });
  assert.deepEqual(readdirSync(directory), ['init']);
  const init = join(directory, 'init');
  const [load, dynamic, interpreter] = [1, 2, 3];
  const headers = programHeaders(readFileSync(init));
  assert.ok(headers.includes(load));
  assert.ok(!headers.includes(dynamic) && !headers.includes(interpreter), `program headers ${headers.join(', ')}`);
  const { stdout, stderr } = spawnSync('ldd', [init], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  assert.match(stdout + stderr, /not a dynamic executable/);
  const elsewhere = spawnSync(init, { encoding: 'utf8' });
  assert.equal(elsewhere.status, 2);
  assert.match(elsewhere.stderr, /is the first process of a Berth guest/);
});
