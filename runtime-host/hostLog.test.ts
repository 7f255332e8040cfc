import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHostLog } from './hostLog.ts';

test('the log is private and is rotated when it has grown', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'log-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'host.log');
  const { log, close } = openHostLog(path, 1000);
  for (let number = 0; number < 40; number += 1) log.info(`event ${number}`);
  log.error('It failed', new Error('why', { cause: new Error('deeper') }));
  close();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const [old, current] = await Promise.all([readFile(`${path}.1`, 'utf8'), readFile(path, 'utf8')]);
  assert.ok(old.length <= 1100 && current.length <= 2100);
  assert.match(current, /It failed: Error: why[^]*deeper/);
});
