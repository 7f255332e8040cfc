import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cutDown } from './consoleLimit.ts';

test('a console’s log that is too long keeps its last whole lines, and whoever appends goes on behind them', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'console-'));
  context.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'boot.log');
  await cutDown(path);
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`);
  const appender = await open(path, 'a');
  await appender.write(lines.join(''));
  await cutDown(path);
  assert.equal(await readFile(path, 'utf8'), lines.join(''), 'not yet too long');
  await cutDown(path, 100_000);
  await appender.write('and on\n');
  await appender.close();
  const rest = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  assert.equal(rest.at(-1), 'and on');
  assert.deepEqual(rest.slice(0, -1), lines.slice(-(rest.length - 1)).map((line) => line.trimEnd()));
  assert.ok(rest.length > 5000 && rest.length < 8000);
});
