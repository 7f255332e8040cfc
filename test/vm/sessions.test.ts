import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { connect, type HostConnection, type HostStream } from '../../runtime-host/client/index.ts';
import type { SessionOptions } from '../../runtime-host/protocol/sessions.ts';
import { hasCode, processEnd, stopHost } from '../contract/rpcHarness.ts';
import { readUntil, startVmHarness, textOf, type VmHarness } from '../support/vmHarness.ts';

/* Terminals that outlive their clients and the host, through a real host and the client library. */

let berth: VmHarness;
let client: HostConnection;
let id: string;

before(async () => {
  berth = await startVmHarness();
  client = await connect(berth);
  const { image } = berth;
  ({ id } = await client.containers.create({ image, command: ['sleep', '1000000'], cpus: 1, memoryBytes: 256 * 1024 ** 2, name: 'sessions' }));
  await client.containers.start(id);
}, { timeout: 180_000 });

after(async () => {
  await client.containers.remove(id, { force: true });
  client.close();
  await stopHost(berth.paths);
  await berth.stop();
});

const size = { columns: 80, rows: 24 };

/** A session of a script that prints nothing before it is told to, in a terminal that does not echo; it is ready, and has said so. */
async function session(name: string, script: string, options: Partial<SessionOptions> & { readonly trap?: string } = {}): Promise<HostStream> {
  const { trap = '', ...rest } = options;
  const stream = await client.containers.exec(id, { command: ['sh', '-c', `stty -echo; ${trap} echo ready; ${script}`], terminal: true, stdin: true, size, session: { id: name, ...rest } });
  stream.stderr.resume();
  await readUntil(stream.stdout, /^ready\r\n$/);
  return stream;
}

async function join(name: string): Promise<HostStream> {
  const stream = await client.containers.attachSession(id, name);
  stream.stderr.resume();
  return stream;
}

async function inside(script: string): Promise<string> {
  const stream = await client.containers.exec(id, { command: ['sh', '-c', script] });
  stream.stderr.resume();
  const text = await textOf(stream.stdout);
  await stream.status;
  return text;
}

function numbers(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\r\n`).join('');
}

async function names(): Promise<string[]> {
  return (await client.containers.sessions(id)).map((info) => info.id);
}

/** The same condition as a wait: it is asked again after each answer of the host. */
async function untilGone(name: string): Promise<void> {
  while ((await names()).includes(name)) await inside('usleep 50000');
}

test('it goes on without its client, and whoever comes later sees what there was and what comes', async () => {
  const first = await session('goes-on-1', 'read x; seq 1 5000; read x; echo "got $x"; exit 7', { name: 'mine' });
  first.stdin.write('go\n');
  await readUntil(first.stdout, /\b100\r\n/);
  first.close();
  const second = await join('goes-on-1');
  const [info] = await client.containers.sessions(id);
  assert.deepEqual([info?.id, info?.name, info?.command[0], info?.exited], ['goes-on-1', 'mine', 'sh', undefined]);
  const seen = await readUntil(second.stdout, /\n5000\r\n/);
  assert.ok(seen === `ready\r\n${numbers(1, 5000)}`, 'nothing is missing and nothing doubled');
  second.stdin.write('that\n');
  assert.equal(await textOf(second.stdout), 'got that\r\n');
  assert.deepEqual(await second.status, { exitCode: 7 });
  await untilGone('goes-on-1');
  await assert.rejects(join('goes-on-1').then((stream) => stream.status), hasCode('SessionNotFound'));
});

test('those who join while it prints megabytes see it from the beginning of a line to the end, each byte once', async () => {
  const last = 250_000;
  const first = await session('printing-1', `read x; seq 1 ${last}`);
  const streams = [first];
  let text = '';
  first.stdin.write('go\n');
  // While the first one does not read, the process gets no more than what is kept ahead of it.
  for (const seen of [10_000, 70_000, 140_000]) {
    text += await readUntil(first.stdout, new RegExp(`\\b${seen}\\r\\n`));
    streams.push(await join('printing-1'));
  }
  const texts = [textOf(first.stdout).then((rest) => `ready\r\n${text}${rest}`), ...streams.slice(1).map(({ stdout }) => textOf(stdout))];
  const all = `ready\r\n${numbers(1, last)}`;
  for (const [index, seen] of (await Promise.all(texts)).entries()) {
    assert.ok(seen === all || (index > 0 && all.endsWith(`\n${seen}`)), `client ${index} saw ${seen.length} of ${all.length}`);
  }
  for (const { status } of streams) assert.deepEqual(await status, { exitCode: 0 });
});

test('one that has ended while nobody looked shows its end once: about the last megabyte', async () => {
  const stream = await session('ended-early', 'read x; seq 1 250000; exit 3');
  stream.stdin.write('go\n');
  await readUntil(stream.stdout, /\n10\r\n/);
  stream.close();
  for (let [info] = await client.containers.sessions(id); !info?.exited; [info] = await client.containers.sessions(id)) await inside('usleep 100000');
  const later = await join('ended-early');
  const text = await textOf(later.stdout);
  assert.ok(numbers(1, 250_000).endsWith(`\n${text}`) && text.length >= 1024 ** 2 && text.length < 2 * 1024 ** 2, `${text.length} bytes`);
  assert.deepEqual(await later.status, { exitCode: 3 });
  await untilGone('ended-early');
});

test('its size is that of the window that was used last', async () => {
  const first = await session('sizes-123', 'while :; do read x && echo "got $x"; done', { trap: 'trap "stty size" WINCH;' });
  const second = await join('sizes-123');
  second.resize({ columns: 100, rows: 30 });
  await readUntil(first.stdout, /30 100/);
  first.stdin.write('one\n');
  await readUntil(second.stdout, /24 80[^]*got one/);
  second.stdin.write('two\n');
  await readUntil(first.stdout, /30 100[^]*got two/);
  second.close();
  await readUntil(first.stdout, /24 80/);
  await client.containers.endSession(id, 'sizes-123');
  await first.status;
});

test('it is hung up when its user ends it, and when nobody has come for it', async () => {
  const trap = (file: string): string => `trap "echo hung > /${file}; exit 5" HUP;`;
  const wait = 'while :; do sleep 0.1; done';
  const stream = await session('ended-now', wait, { trap: trap('ended') });
  await client.containers.endSession(id, 'ended-now');
  stream.stdout.resume();
  assert.deepEqual(await stream.status, { exitCode: 5 });
  const left = await session('left-alone', wait, { trap: trap('left'), expireSeconds: 1 });
  left.close();
  assert.equal(await inside('until [ -e /left ]; do usleep 50000; done; cat /ended /left'), 'hung\nhung\n');
  await untilGone('left-alone');
});

test('a second one of the same name is refused, and one without a terminal, and one that was ended before it began', async () => {
  const stream = await session('only-once', 'read x');
  const again = await client.containers.exec(id, { command: ['true'], terminal: true, session: { id: 'only-once' } });
  await assert.rejects(again.status, hasCode('InvalidArgument'));
  const without = await client.containers.exec(id, { command: ['true'], session: { id: 'no-terminal' } });
  await assert.rejects(without.status, hasCode('InvalidArgument'));
  await assert.rejects(client.containers.exec(id, { command: ['true'], terminal: true, session: { id: '../up' } }), hasCode('InvalidArgument'));
  await client.containers.endSession(id, 'only-once');
  stream.stdout.resume();
  assert.deepEqual(await stream.status, { exitCode: 129 });
  await untilGone('only-once');
  // A window that is closed while its terminal is just being opened.
  await client.containers.endSession(id, 'never-wanted');
  const late = await client.containers.exec(id, { command: ['sleep', '1000'], terminal: true, session: { id: 'never-wanted' } });
  await assert.rejects(late.status, hasCode('Cancelled'));
});

test('it is there again after its host was killed, with all that it printed meanwhile', async () => {
  const stream = await session('survivor', 'read x; echo going; sleep 1; seq 1 50000; read x; echo "$v $x"; exit 4', { name: 'mine', trap: 'v=kept;' });
  const gone = await session('gone-with-it', 'read x');
  stream.stdin.write('go\n');
  await readUntil(stream.stdout, /going/);
  const { pid } = await client.system.status();
  const closed = new Promise<void>((resolve) => client.onDidClose(resolve));
  process.kill(pid, 'SIGKILL');
  await Promise.all([processEnd(pid), closed]);
  await assert.rejects(gone.status, hasCode('HostUnreachable'));
  client = await connect(berth);
  assert.deepEqual((await client.containers.sessions(id)).map(({ id: name, name: title, attached }) => [name, title, attached]), [['survivor', 'mine', 0], ['gone-with-it', undefined, 0]]);
  const again = await join('survivor');
  const seen = await readUntil(again.stdout, /\n50000\r\n/);
  assert.ok(seen === `ready\r\ngoing\r\n${numbers(1, 50_000)}`, `nothing is missing and nothing doubled: ${seen.length} bytes`);
  await client.containers.endSession(id, 'gone-with-it');
  await untilGone('gone-with-it');

  client.close();
  await stopHost(berth.paths); // In good order, as when it is updated.
  client = await connect(berth);
  const third = await join('survivor');
  third.stdin.write('this\n');
  assert.match(await textOf(third.stdout), /^ready\r\ngoing\r\n1\r\n[^]*\n50000\r\nkept this\r\n$/);
  assert.deepEqual(await third.status, { exitCode: 4 });
});

test('it ends with its container, and nothing of it is left', async () => {
  const stream = await session('with-container', 'read x');
  await client.containers.stop(id, { timeoutSeconds: 0 });
  stream.stdout.resume();
  await stream.status.then(({ exitCode }) => assert.equal(exitCode, 137), hasCode('ContainerNotRunning'));
  assert.deepEqual(await names(), []);
  await assert.rejects(join('with-container').then((joined) => joined.status), hasCode('ContainerNotRunning'));
  await client.containers.start(id);
  assert.deepEqual(await names(), []);
  assert.equal(existsSync(berth.paths.container(id).sessions), false);
});
