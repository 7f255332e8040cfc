import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { HostConnection, HostStream } from '../../runtime-host/client/index.ts';
import { attachStreamPath, Channel, encodeFrame, streamSubprotocol } from '../../runtime-host/protocol/streams.ts';
import { hasCode, processEnd, scratchBerth } from './rpcHarness.ts';

const megabyte = 1_000_000;

async function digest(source: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function text(source: Readable): Promise<string> {
  return Buffer.concat(await source.toArray() as Buffer[]).toString();
}

async function residentBytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/**
 * Opportunities for the host to do what it must not: for each answer it has gone round its event loop, and in one round
 * it could take in or send some 64 kB of a stream.
 */
async function giveTurns(client: HostConnection): Promise<void> {
  for (let turn = 0; turn < 1000; turn += 1) await client.system.status();
}

async function attachTo(client: HostConnection, command: string[], options: { stdin?: boolean } = {}): Promise<HostStream> {
  const { id } = await client.containers.create({ image: 'local', command, ...options });
  return client.containers.attach(id, { start: true });
}

test('50 MB in come out again unchanged, through both directions of one stream', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const stream = await attachTo(client, ['cat'], { stdin: true });
  stream.stderr.resume();
  const input = randomBytes(50 * megabyte);
  stream.stdin.end(input);
  assert.equal(await digest(stream.stdout), createHash('sha256').update(input).digest('hex'));
  assert.deepEqual(await stream.status, { exitCode: 0 });
});

test('standard output and error stay apart, and the status comes last', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const stream = await attachTo(client, ['sh', '-c', 'echo out; echo err >&2; kill -9 $$']);
  const [out, error, status] = await Promise.all([text(stream.stdout), text(stream.stderr), stream.status]);
  assert.deepEqual([out, error, status], ['out\n', 'err\n', { exitCode: 137 }]);
});

test('a reader that stops does not make the host grow, and loses nothing', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const { pid } = await client.system.status();
  await client.containers.create({ image: 'local', name: 'log', command: ['log', String(200 * megabyte)] });
  const before = await residentBytes(pid);
  const stream = await client.containers.logs('log');
  stream.stderr.resume();
  await once(stream.stdout, 'readable');
  stream.resize({ columns: 100, rows: 30 }); // A terminal that shows a log may change its size, for all a log cares.
  // Reads nothing meanwhile; without back-pressure much of it would then be in the host.
  await giveTurns(client);
  const grown = await residentBytes(pid) - before;
  assert.ok(grown < 40 * megabyte, `the host has grown by ${Math.round(grown / megabyte)} MB`);
  let received = 0;
  for await (const chunk of stream.stdout) received += (chunk as Buffer).length;
  assert.equal(received, 200 * megabyte);
  assert.deepEqual(await stream.status, {});
});

test('a process that reads nothing makes the writer wait', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const { pid } = await client.system.status();
  const before = await residentBytes(pid);
  const stream = await attachTo(client, ['sleep', '60'], { stdin: true });
  stream.stdout.resume();
  stream.stderr.resume();
  let accepted = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const pump = (async () => {
    while (accepted < 200 * megabyte) {
      await new Promise<void>((resolve) => stream.stdin.write(chunk, () => resolve()));
      accepted += chunk.length;
    }
  })();
  await Promise.race([pump, giveTurns(client)]);
  assert.ok(accepted < 8 * megabyte, `${accepted} bytes were taken`);
  assert.ok(await residentBytes(pid) - before < 40 * megabyte);
  stream.close();
  await assert.rejects(stream.status, hasCode('Cancelled'));
});

test('leaving a stream leaves the process, and input can be closed', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const stream = await attachTo(client, ['sh', '-c', 'wc -c; exit 5'], { stdin: true });
  stream.stderr.resume();
  stream.stdin.write('12345');
  stream.stdin.end();
  assert.equal((await text(stream.stdout)).trim(), '5');
  assert.deepEqual(await stream.status, { exitCode: 5 });

  const { id } = await client.containers.create({ image: 'local', command: ['sh', '-c', 'echo there; cat'], stdin: true });
  const first = await client.containers.attach(id, { start: true });
  await once(first.stdout, 'data');
  first.close();
  const second = await client.containers.attach(id);
  second.stderr.resume();
  second.stdin.end('still');
  assert.equal(await text(second.stdout), 'still');
  assert.deepEqual(await second.status, { exitCode: 0 });
});

test('streams end with HostUnreachable when the host is killed', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const { pid } = await client.system.status();
  const stream = await attachTo(client, ['sh', '-c', 'echo there; sleep 60']);
  stream.stderr.resume();
  await once(stream.stdout, 'data');
  process.kill(pid, 'SIGKILL');
  await assert.rejects(stream.status, hasCode('HostUnreachable'));
  await processEnd(pid);
});

/** Sockets that a process has open, as the kernel knows them. */
async function socketsOf(pid: number): Promise<number> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')));
  return targets.filter((target) => target.startsWith('socket:')).length;
}

test('a client that dies while its process takes no input is noticed', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const { pid } = await client.system.status();
  const { id } = await client.containers.create({ image: 'local', command: ['sleep', '60'], stdin: true });
  await client.containers.start(id);
  const before = await socketsOf(pid);
  const socket = new WebSocket(`ws+unix:berth:${attachStreamPath(id)}`, [streamSubprotocol], { createConnection: () => connectSocket({ path: berth.paths.hostSocket }), perMessageDeflate: false });
  await once(socket, 'open');
  const frame = encodeFrame(Channel.stdin, Buffer.alloc(64 * 1024));
  // More than the process, its pipe and all that lies between can hold.
  for (let sent = 0; sent < 16 * megabyte; sent += frame.length) socket.send(frame);
  await giveTurns(client);
  assert.equal(await socketsOf(pid), before + 1);
  assert.ok(socket.bufferedAmount > 0, 'the host has stopped reading');
  socket.terminate();
  for (const deadline = Date.now() + 20_000; await socketsOf(pid) > before;) {
    assert.ok(Date.now() < deadline, 'the host still holds the dead client’s socket');
    await client.system.status();
  }
});
