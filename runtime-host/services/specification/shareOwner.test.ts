import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { shareOwner } from './shareOwner.ts';

test('files belong to the user as whom QEMU runs; where that is root, to whom the directory belongs', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'owner-'));
  context.after(() => rm(directory, { recursive: true }));
  const { uid, gid } = await stat(directory);
  const other = { uid: uid + 1, gid: gid + 1 };
  assert.deepEqual(await shareOwner(directory), { uid, gid });
  assert.deepEqual(await shareOwner(directory, { uid: 0, gid: 0, groups: [] }), { uid, gid });
  assert.deepEqual(await shareOwner(directory, { ...other, groups: [gid + 2] }), other);
  assert.deepEqual(await shareOwner(directory, { ...other, groups: [gid] }), { uid: uid + 1, gid });
  if (uid !== 0) assert.deepEqual(await shareOwner(directory, { uid, gid: gid + 1, groups: [gid] }), { uid, gid: gid + 1 });
});
