import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HostLogReader } from './hostLogReader.ts';

async function newLog(context: TestContext): Promise<{ readonly path: string; readonly reader: HostLogReader; readonly rotate: () => void }> {
  const directory = await mkdtemp(join(tmpdir(), 'log-'));
  const path = join(directory, 'host.log');
  const reader = new HostLogReader(path);
  context.after(async () => {
    await reader.close();
    await rm(directory, { recursive: true });
  });
  // As hostLog.ts does it.
  const rotate = (): void => {
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
  };
  return { path, reader, rotate };
}

const event = (message: string): string => `2026-01-31T12:00:00.000Z info ${message}\n`;
const messages = async (reader: HostLogReader): Promise<string[]> => (await reader.readAll()).map(({ message }) => message);

test('nothing is missed when the log is rotated, also twice', async (context) => {
  const { path, reader, rotate } = await newLog(context);
  assert.deepEqual(await messages(reader), []);
  writeFileSync(`${path}.1`, event('old'));
  writeFileSync(path, event('a'));
  assert.deepEqual(await messages(reader), ['old', 'a']);
  appendFileSync(path, event('b'));
  rotate();
  appendFileSync(path, event('c').repeat(9)); // Longer than what was read of the one before.
  assert.deepEqual(await messages(reader), ['b', ...Array<string>(9).fill('c')]);
  appendFileSync(path, event('d'));
  rotate();
  appendFileSync(path, event('e'));
  rotate();
  appendFileSync(path, event('f'));
  assert.deepEqual(await messages(reader), ['d', 'e', 'f']);
});

test('who looks between the rename and the new file finds that one later', async (context) => {
  const { path, reader } = await newLog(context);
  writeFileSync(path, event('a'));
  assert.deepEqual(await messages(reader), ['a']);
  appendFileSync(path, event('b'));
  renameSync(path, `${path}.1`);
  assert.deepEqual(await messages(reader), ['b']);
  writeFileSync(path, event('c'));
  assert.deepEqual(await messages(reader), ['c']);
});

test('a host that was ended between the two leaves only the old file', async (context) => {
  const { path, reader } = await newLog(context);
  writeFileSync(`${path}.1`, event('a'));
  assert.deepEqual(await messages(reader), ['a']);
  assert.deepEqual(await messages(reader), []);
  writeFileSync(path, event('b'));
  assert.deepEqual(await messages(reader), ['b']);
});

test('an event that is seen in parts is shown once, as a whole', async (context) => {
  const { path, reader, rotate } = await newLog(context);
  writeFileSync(path, `${event('a')}2026-01-31T12:00:00.000Z error It broke: Error: why\n    at on`);
  assert.deepEqual((await reader.read()).map(({ message }) => message), ['a']);
  assert.equal(reader.isHoldingBack, true);
  appendFileSync(path, 'e\n    at two {"id":"x"}\n');
  assert.deepEqual(await reader.read(), []);
  rotate();
  assert.deepEqual(await reader.read(), [{ time: '2026-01-31T12:00:00.000Z', level: 'error', message: 'It broke: Error: why\n    at one\n    at two', data: { id: 'x' } }]);
  assert.equal(reader.isHoldingBack, false);
});
