import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { outputLogSegment } from '../protocol/paths.ts';
import { logStart, OutputLogReader, OutputLogWriter, readOutputLog, removeOutputLog } from './outputLog.ts';
import { segmentsOf } from './outputLogFormat.ts';

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
  for (let length = whole.position; length < bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length));
    const again = await OutputLogWriter.open(path);
    assert.deepEqual(again.offsets, { stdout: 5, stderr: 0 });
    assert.equal((await stat(path)).size, whole.position);
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
  assert.deepEqual(first?.end, writer.end);
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

test('a full log goes on in the next file, keeps the last ones and still knows where its streams stand', async (context) => {
  const path = await newPath(context);
  const limits = { maxSize: 200, maxFiles: 3 };
  let writer = await OutputLogWriter.open(path, limits);
  await writer.markStart();
  let offset = 0;
  for (let turn = 0; turn < 40; turn++) {
    const text = `line ${turn}\n`;
    await writer.append([piece('stdout', offset, text), piece('stderr', turn, '!')]);
    offset += text.length;
    if (turn % 7 !== 0) continue;
    await writer.close();
    writer = await OutputLogWriter.open(path, limits);
    assert.deepEqual(writer.offsets, { stdout: offset, stderr: turn + 1 });
    assert.deepEqual(writer.runStart, { segment: 0, position: logStart.position + 28 });
  }
  await writer.close();
  const segments = await segmentsOf(path);
  assert.equal(segments.length, 3);
  for (const segment of segments) assert.ok((await stat(outputLogSegment(path, segment))).size < 400);
  const lines = (await contentOf(path)).filter((entry) => entry.startsWith('stdout')).map((entry) => Number(/line (\d+)/.exec(entry)?.[1]));
  assert.equal(lines.at(-1), 39);
  lines.forEach((line, index) => assert.equal(line, (lines[0] ?? 0) + index));
  await removeOutputLog(path);
  assert.deepEqual(await segmentsOf(path), []);
});

test('a host killed anywhere in the change of files loses nothing', async (context) => {
  const path = await newPath(context);
  const limits = { maxSize: 100, maxFiles: 2 };
  const writer = await OutputLogWriter.open(path, limits);
  await writer.append([piece('stdout', 0, 'x'.repeat(100))]);
  await writer.append([piece('stdout', 100, 'y')]);
  await writer.close();
  const [first, second] = [path, outputLogSegment(path, 1)];
  const bytes = await readFile(second);
  const expected = await contentOf(path);
  for (let length = 0; length < bytes.length; length++) {
    await writeFile(second, bytes.subarray(0, length));
    const again = await OutputLogWriter.open(path, limits);
    const { stdout } = again.offsets;
    assert.equal(stdout, 100);
    await again.append([piece('stdout', 100, 'y')]);
    await again.close();
    assert.deepEqual(await contentOf(path), expected, `torn after ${length} bytes`);
    assert.deepEqual(await segmentsOf(first), [0, 1]);
  }
});

test('a reader goes on into the next file, and over what was removed', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path, { maxSize: 100, maxFiles: 2 });
  const reader = new OutputLogReader(path);
  const late = new OutputLogReader(path);
  const put = (turn: number): Promise<void> => writer.append([piece('stdout', turn * 100, String(turn).padEnd(100))]);
  await put(0);
  assert.equal((await late.next())?.offset, 0);
  for (let turn = 1; turn < 5; turn++) {
    await put(turn);
    assert.equal((await reader.next())?.offset, turn === 1 ? 0 : (turn - 1) * 100);
  }
  assert.equal((await reader.next())?.offset, 400);
  assert.equal(await reader.next(), undefined);
  assert.deepEqual([(await late.next())?.offset, (await late.next())?.offset], [300, 400], 'what lay between is gone');
  await Promise.all([reader.close(), late.close(), writer.close()]);
});

test('a disk that is full leaves the log as it was, and the next attempt works', { skip: !existsSync('/dev/full') }, async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path, { maxSize: 50, maxFiles: 2 });
  await writer.append([piece('stdout', 0, 'x'.repeat(50))]);
  await symlink('/dev/full', outputLogSegment(path, 1));
  await assert.rejects(writer.append([piece('stdout', 50, 'y')]), { code: 'ENOSPC' });
  await writer.append([piece('stdout', 50, 'y')]);
  await writer.close();
  assert.deepEqual(await contentOf(path), [`stdout@0:${'x'.repeat(50)}`, 'stdout@50:y']);
});

test('who reads a log that is removed still gets to its end', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path, { maxSize: 100, maxFiles: 10 });
  for (let turn = 0; turn < 5; turn++) await writer.append([piece('stdout', turn * 100, String(turn).padEnd(100))]);
  await writer.close();
  const [begun, fresh] = [new OutputLogReader(path), new OutputLogReader(path)];
  assert.equal((await begun.next())?.offset, 0);
  for (const reader of [begun, fresh]) await reader.hold();
  await removeOutputLog(path);
  for (const [reader, first] of [[begun, 1], [fresh, 0]] as const) {
    for (let turn = first; turn < 5; turn++) assert.equal((await reader.next())?.offset, turn * 100);
    assert.equal(await reader.next(), undefined);
    await reader.close();
  }
});

test('files that are held while they are opened, twice, or too late, are closed', { skip: !existsSync('/proc/self/fd') }, async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path, { maxSize: 100, maxFiles: 10 });
  for (let turn = 0; turn < 5; turn++) await writer.append([piece('stdout', turn * 100, String(turn).padEnd(100))]);
  await writer.close();
  for (let turn = 0; turn < 20; turn++) {
    const reader = new OutputLogReader(path);
    const read = turn % 2 === 0 ? reader.next() : undefined;
    const holds = [reader.hold(), reader.hold()];
    for (let next = await read; next; next = await reader.next()) if (turn % 4 === 0) break;
    if (turn % 3 === 0) await Promise.all(holds);
    await reader.close();
    await Promise.all(holds);
  }
  const open = await Promise.all((await readdir('/proc/self/fd')).map((file) => readlink(join('/proc/self/fd', file)).catch(() => '')));
  assert.deepEqual(open.filter((file) => file.startsWith(path)), []);
});

/** Files of this process can grow no further than to a size; a write that crosses it is done in part, as on a disk that gets full. */
function limitFiles(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

for (const [name, filled] of [['first', 0], ['next', 1]] as const) {
  test(`a write that is done in part, into the ${name} file, leaves no trace`, { skip: !existsSync('/usr/bin/prlimit') }, async (context) => {
    const path = await newPath(context);
    context.after(() => limitFiles('unlimited'));
    const limits = { maxSize: 1000, maxFiles: 3 };
    const writer = await OutputLogWriter.open(path, limits);
    for (let turn = 0; turn < filled; turn++) await writer.append([piece('stdout', turn * 1000, 'x'.repeat(1000))]);
    let offset = filled * 1000;
    await writer.append([piece('stdout', offset, 'before')]);
    offset += 6;
    limitFiles(writer.end.position + 100);
    await assert.rejects(writer.append([piece('stdout', offset, 'y'.repeat(200))]), { code: 'EFBIG' });
    limitFiles('unlimited');
    await writer.append([piece('stdout', offset, 'after')]);
    const stored = writer.offsets;
    await writer.close();
    assert.deepEqual((await contentOf(path)).slice(filled), [`stdout@${filled * 1000}:before`, `stdout@${offset}:after`]);
    const again = await OutputLogWriter.open(path, limits);
    assert.deepEqual(again.offsets, stored, 'what was acknowledged is still there');
    await again.close();
  });
}

test('a reader forgets half an entry that is taken back', async (context) => {
  const path = await newPath(context);
  const writer = await OutputLogWriter.open(path);
  await writer.append([piece('stdout', 0, 'one')]);
  const { position } = writer.end;
  const reader = new OutputLogReader(path);
  assert.equal((await reader.next())?.data.toString(), 'one');
  await writer.append([piece('stdout', 3, 'a failed write')]);
  await truncate(path, position + 35); // As it is in between, until the writer takes it back.
  assert.equal(await reader.next(), undefined);
  await truncate(path, position);
  await writer.close();
  const again = await OutputLogWriter.open(path);
  await again.append([piece('stdout', 3, 'the next attempt')]);
  assert.equal((await reader.next())?.data.toString(), 'the next attempt');
  await Promise.all([reader.close(), again.close()]);
});
