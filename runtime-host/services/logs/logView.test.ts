import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ContainerLog } from './containerLog.ts';
import type { LogViewOptions } from '../interfaces.ts';
import { viewLog } from './logView.ts';

async function newLog(context: TestContext, maxSize = 1000, maxFiles = 3): Promise<ContainerLog> {
  const directory = await mkdtemp(join(tmpdir(), 'log-'));
  context.after(() => rm(directory, { recursive: true }));
  return new ContainerLog(join(directory, 'output.log'), { maxSize, maxFiles });
}

async function textOf(log: ContainerLog, options?: LogViewOptions): Promise<string> {
  let text = '';
  for await (const { data } of viewLog(log, options)) text += Buffer.from(data).toString();
  return text;
}

/** Writes pieces one millisecond of the clock apart, beginning at 1000. */
async function write(context: TestContext, log: ContainerLog, pieces: readonly string[]): Promise<void> {
  context.mock.timers.enable({ apis: ['Date'], now: 1000 });
  await log.open('new');
  let offset = 0;
  for (const text of pieces) {
    await log.append({ stream: 'stdout', offset, data: Buffer.from(text) });
    offset += text.length;
    context.mock.timers.tick(1);
  }
  await log.close();
}

test('tail, over files, and with a last line that has no end', async (context) => {
  const log = await newLog(context, 60, 50);
  await write(context, log, ['a\n', 'b\nc', 'c\n', 'd\n', 'e']);
  for (const [tail, text] of [[0, ''], [1, 'e'], [2, 'd\ne'], [3, 'cc\nd\ne'], [4, 'b\ncc\nd\ne'], [5, 'a\nb\ncc\nd\ne'], [99, 'a\nb\ncc\nd\ne']] as const) {
    assert.equal(await textOf(log, { tail }), text);
  }
});

test('since and until, with whole lines', async (context) => {
  const log = await newLog(context);
  await write(context, log, ['one\ntw', 'o\nthree\n', 'fo', 'ur\n']);
  assert.equal(await textOf(log, { since: 1000 }), 'one\ntwo\nthree\nfour\n');
  assert.equal(await textOf(log, { since: 1001 }), 'three\nfour\n');
  assert.equal(await textOf(log, { since: 1003 }), '');
  assert.equal(await textOf(log, { until: 1001 }), 'one\ntwo\nthree\n');
  assert.equal(await textOf(log, { since: 1001, until: 1001 }), 'three\n');
});

test('each line with the time at which it began', async (context) => {
  const log = await newLog(context);
  await write(context, log, ['one\ntw', 'o\n\nthree']);
  const at = (milliseconds: string): string => `1970-01-01T00:00:01.${milliseconds}000000Z `;
  assert.equal(await textOf(log, { timestamps: true }), `${at('000')}one\n${at('000')}two\n${at('001')}\n${at('001')}three`);
  assert.equal(await textOf(log, { timestamps: true, tail: 1 }), `${at('001')}three`);
});

test('who follows gets everything; who must not miss anything holds the writer up, until it is in a hurry', async (context) => {
  const log = await newLog(context, 100, 2);
  await log.open('new');
  const put = (turn: number): Promise<void> => log.append({ stream: 'stdout', offset: turn * 100, data: Buffer.from(`${turn}`.padEnd(100, '.')) });
  const careful = log.entries({ from: log.runStart, follow: true, misses: 'nothing' });
  await put(0);
  assert.equal((await careful.next()).value?.offset, 0);
  await put(1);
  let isStored = false;
  const waiting = put(2).then(() => { isStored = true; });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isStored, false);
  assert.equal((await careful.next()).value?.offset, 100);
  await waiting;
  const held = put(3);
  log.hurry();
  await held;
  await log.close();
  await careful.return(undefined);
});

test('who does not follow gets what there was, and is done, however fast more is written', async (context) => {
  const log = await newLog(context, 1000, 5);
  await log.open('new');
  const put = (turn: number): Promise<void> => log.append({ stream: 'stdout', offset: turn * 2, data: Buffer.from(`${turn}\n`) });
  await put(0);
  await put(1);
  let seen = '';
  let turn = 2;
  for await (const { data } of viewLog(log)) {
    seen += Buffer.from(data).toString();
    await put(turn++);
    assert.ok(turn < 8, `it has read ${JSON.stringify(seen)} and goes on`);
  }
  assert.equal(seen, '0\n1\n');
  await log.close();
});

test('the last lines, when the file that they begin in is removed meanwhile', async (context) => {
  const log = await newLog(context, 60, 2);
  await write(context, log, ['a\nb\nc\nd\n'.padEnd(40, '.') + '\n', 'e\nf\n']);
  const { tail } = log;
  context.mock.method(log, 'tail', async (count: number) => {
    const found = await tail.call(log, count);
    await rm(log.path);
    return found;
  });
  assert.equal(await textOf(log, { tail: 4 }), 'e\nf\n');
});

test('what a run prints before who has started it can read is kept for them', async (context) => {
  const log = await newLog(context, 100, 1);
  await log.open('new');
  await log.append({ stream: 'stdout', offset: 0, data: Buffer.from('of the run before'.padEnd(100, '.')) });
  await log.close();
  const letGo = log.keepNextRun();
  await log.open('new');
  await log.append({ stream: 'stdout', offset: 0, data: Buffer.from('first'.padEnd(100, '.')) });
  let isStored = false;
  const waiting = log.append({ stream: 'stdout', offset: 100, data: Buffer.from('second') }).then(() => { isStored = true; });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isStored, false);
  const careful = log.entries({ from: log.runStart, follow: true, misses: 'nothing' });
  const first = careful.next();
  letGo();
  assert.match(String((await first).value?.data), /^first/);
  const second = careful.next();
  await waiting;
  assert.equal(String((await second).value?.data), 'second');
  await log.close();
  await careful.return(undefined);
});
