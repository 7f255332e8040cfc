import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { OutputLogReader, OutputLogWriter, readOutputLog } from './outputLog.ts';

async function newPath(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'log-'));
  context.after(() => rm(directory, { recursive: true }));
  return join(directory, 'output.log');
}

async function contentOf(path: string): Promise<string[]> {
  const entries: string[] = [];
  for await (const { kind, offset, data } of readOutputLog(path)) entries.push(`${kind}@${offset}:${data.toString('latin1')}`);
  return entries;
}

const piece = (stream: 'stdout' | 'stderr', offset: number, text: string) => ({ stream, offset, data: Buffer.from(text, 'latin1') });

test('keeps bytes, streams, order and offsets over several runs', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path);
  await writer.markStart();
  await writer.append([piece('stdout', 0, 'a\0b\n\xff'), piece('stderr', 0, 'oh')]);
  await writer.append([piece('stdout', 5, 'c')]);
  assert.deepEqual(writer.offsets, { stdout: 6, stderr: 2 });
  await writer.markStart();
  assert.deepEqual(writer.offsets, { stdout: 0, stderr: 0 });
  await writer.close();
  assert.deepEqual(await contentOf(path), ['start@0:', 'stdout@0:a\0b\n\xff', 'stderr@0:oh', 'stdout@5:c', 'start@0:']);
});

test('an entry torn anywhere is cut off, and writing goes on behind the last whole one', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path);
  await writer.markStart();
  await writer.append([piece('stdout', 0, 'whole')]);
  const whole = writer.end;
  await writer.append([piece('stdout', 5, 'torn')]);
  await writer.close();
  const bytes = await readFile(path);
  for (let length = whole; length < bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length));
    const again = await OutputLogWriter.open(path);
    assert.deepEqual(again.offsets, { stdout: 5, stderr: 0 });
    assert.equal((await stat(path)).size, whole);
    await again.append([piece('stdout', 5, 'next')]);
    await again.close();
    assert.deepEqual(await contentOf(path), ['start@0:', 'stdout@0:whole', 'stdout@5:next']);
  }
});

test('damage ends the log where it begins', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path);
  await writer.append([piece('stdout', 0, 'good'), piece('stdout', 4, 'flipped'), piece('stdout', 11, 'behind')]);
  await writer.close();
  const bytes = await readFile(path);
  bytes[bytes.indexOf('flipped')] = 0x46;
  await writeFile(path, bytes);
  assert.deepEqual(await contentOf(path), ['stdout@0:good']);
});

test('a file that is no log begins anew', async (context) => {
  const path = await newPath(context);
  await writeFile(path, 'something else entirely');
  assert.deepEqual(await contentOf(path), []);
  const writer = await OutputLogWriter.open(path);
  await writer.append([piece('stderr', 0, 'x')]);
  await writer.close();
  assert.deepEqual(await contentOf(path), ['stderr@0:x']);
});

test('a reader goes on where the log has grown, also when it was not there before', async (context) => {
  const path = await newPath(context);
  const reader = new OutputLogReader(path);
  assert.equal(await reader.next(), undefined);
  const writer = await OutputLogWriter.open(path);
  await writer.append([piece('stdout', 0, 'one')]);
  const first = await reader.next();
  assert.equal(first?.data.toString(), 'one');
  assert.equal(first?.end, writer.end);
  assert.equal(await reader.next(), undefined);
  await writer.append([piece('stdout', 3, 'two')]);
  assert.equal((await reader.next())?.data.toString(), 'two');
  await reader.close();
  await appendFile(path, 'rubbish');
  const later = new OutputLogReader(path, first?.end);
  assert.equal((await later.next())?.data.toString(), 'two');
  assert.equal(await later.next(), undefined);
  await later.close();
  await writer.close();
});

test('large entries cross the boundaries of reads', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path);
  const big = Buffer.alloc(700_000, 'abcdefg');
  await writer.append([{ stream: 'stdout', offset: 0, data: big }, piece('stdout', big.length, 'end')]);
  await writer.close();
  const entries: Buffer[] = [];
  for await (const { data } of readOutputLog(path)) entries.push(data);
  assert.ok(entries[0]?.equals(big));
  assert.equal(entries[1]?.toString(), 'end');
});
