import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { allocatedBytes } from './allocatedBytes.ts';

test('what du says, also of sparse files; nothing for what is not there', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'du-'));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'inner'));
  writeFileSync(join(directory, 'inner', 'full'), Buffer.alloc(300_000, 1));
  writeFileSync(join(directory, 'sparse'), 'x');
  truncateSync(join(directory, 'sparse'), 1e9);
  const du = Number(/^\d+/.exec(execFileSync('du', ['-s', '--block-size=1', directory], { encoding: 'utf8' }))?.[0]);
  assert.equal(await allocatedBytes(directory), du);
  assert.equal(await allocatedBytes(join(directory, 'missing')), 0);
});
