import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ContainerInfo, ContainerSpec } from '../../runtime-host/protocol/types.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';
import { startRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';

/*
 * What leads from the host into a container without a network: forwarded ports, and who listens. One machine for all of it.
 */

let berth: VmHarness;
let directory: string;
let spec: Pick<ContainerSpec, 'image' | 'command'>;
let box: ContainerInfo;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'con-'));
  berth = await startVmHarness();
  spec = {
    image: await pushImage(),
    command: ['sh', '-c', 'web-peer > /tmp/peer 2>&1 & wait'],
  };
  box = await berth.background(spec);
  await berth.exec(box.id, ['sh', '-c', 'until grep . /tmp/peer; do sleep 0.1; done']);
}, { timeout: 120_000 });
after(async () => {
  await berth.stop();
  await rm(directory, { recursive: true });
});

/** BusyBox and a server. */
async function pushImage(): Promise<string> {
  const peer = join(directory, 'peer');
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', peer, join(import.meta.dirname, '../support/webPeer.go')], { env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' } });
  buildBusyboxImage(join(directory, 'image'), { extraLayers: [[{ path: 'usr/bin/web-peer', content: readFileSync(peer), mode: 0o755 }]] });
  const registry = await startRegistry();
  try {
    const reference = await registry.push(join(directory, 'image'), 'berth/connections:1');
    await berth.services.images.pull(reference);
    return reference;
  } finally {
    await registry.stop();
  }
}

const forward = async (containerPort: number): Promise<number> => (await berth.services.connections.forward(box.id, { containerPort, hostPort: 0 })).hostPort;

async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends so many bytes and gets their digest, and that of the answer. */
async function exchange(port: number, size: number): Promise<{ readonly sent: string; readonly received: string; readonly bytes: number }> {
  const socket = await client(port);
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const piece = randomBytes(1 << 16);
  const source = Readable.from((function* () {
    for (let left = size; left > 0; left -= piece.length) {
      const next = piece.subarray(0, Math.min(left, piece.length));
      sent.update(next);
      yield next;
    }
  })());
  let bytes = 0;
  socket.on('data', (data: Buffer) => {
    received.update(data);
    bytes += data.length;
  });
  const ended = once(socket, 'end');
  await pipeline(source, socket, { end: true });
  await ended;
  return { sent: sent.digest('hex'), received: received.digest('hex'), bytes };
}

test('every byte passes both ways and the end of one direction is not that of the other, up to 30 MB', { timeout: 120_000 }, async () => {
  const [four, six] = [await forward(8081), await forward(8082)];
  for (const [port, size] of [[four, 0], [four, 1], [six, 65_537], [six, 3_000_000], [four, 30_000_000]] as const) {
    const { sent, received, bytes } = await exchange(port, size);
    assert.deepEqual([bytes, received], [size, sent], `${size} bytes`);
  }
});

test('one connection that is idle outlives two thousand short ones', { timeout: 180_000 }, async () => {
  const port = await forward(8081);
  const idle = await client(port);
  idle.write('before');
  assert.equal(String((await once(idle, 'data'))[0]), 'before');
  let next = 0;
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (next < 2000) {
      const words = `number ${next++}`;
      const socket = await client(port);
      socket.end(words);
      assert.equal((await buffer(socket)).toString(), words);
    }
  }));
  idle.end('after');
  assert.equal((await buffer(idle)).toString(), 'after');
});

test('a client that reads nothing keeps nobody waiting', { timeout: 60_000 }, async () => {
  const port = await forward(8081);
  const lazy = await client(port);
  lazy.on('error', () => undefined).pause();
  lazy.write(Buffer.alloc(64 << 20));
  assert.equal((await exchange(port, 100_000)).bytes, 100_000);
  assert.equal((await berth.exec(box.id, ['echo', 'alive'])).stdout, 'alive\n');
  lazy.resetAndDestroy();
});

test('HTTP, HTTP/2 and WebSocket pass', { timeout: 60_000 }, async () => {
  const port = await forward(8080);
  const [plain] = await once(get({ port, path: '/echo', agent: false }), 'response') as [Readable & { readonly headers: Record<string, string> }];
  assert.equal(plain.resume().headers['x-protocol'], 'HTTP/1.1');

  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const bodies = Array.from({ length: 20 }, () => randomBytes(50_000));
  await Promise.all(bodies.map(async (body) => {
    const stream = session.request({ ':path': '/echo', ':method': 'POST' });
    stream.end(body);
    const [headers] = await once(stream, 'response') as [Record<string, string>];
    assert.equal(headers['x-protocol'], 'HTTP/2.0');
    assert.ok((await buffer(stream)).equals(body));
  }));
  session.close();

  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { perMessageDeflate: false });
  await once(socket, 'open');
  for (const size of [1, 126, 100_000]) {
    const message = randomBytes(size);
    socket.send(message);
    assert.ok((await once(socket, 'message') as [Buffer])[0].equals(message), `${size} bytes`);
  }
  socket.terminate();
});

test('who listens is told, and again after each change; forwards are listed and can be stopped', { timeout: 60_000 }, async () => {
  const { connections, containers } = berth.services;
  const appeared = Promise.withResolvers<unknown>();
  const watch = await connections.watchListeners(box.id, (_id, listeners) => {
    const found = listeners?.find(({ port }) => port === 9000);
    if (found) appeared.resolve(found);
  });
  assert.ok(watch.listeners.some(({ protocol, address, port, processName }) => protocol === 'tcp' && address === '127.0.0.1' && port === 8080 && processName === 'web-peer'), JSON.stringify(watch.listeners));
  await berth.exec(box.id, ['sh', '-c', 'web-peer 127.0.0.1:9000 > /dev/null 2>&1 &']);
  assert.equal((await appeared.promise as { processName: string }).processName, 'web-peer');
  watch.stop();

  const { hostPort } = await connections.forward(box.id, { containerPort: 9001 });
  const { forwards = [] } = await containers.inspect(box.id);
  assert.deepEqual(forwards.find(({ containerPort }) => containerPort === 9001), { container: box.id, hostAddress: '127.0.0.1', hostPort, containerPort: 9001 });
  const [refused] = await once(connect(hostPort, '127.0.0.1').resume(), 'error') as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'ECONNRESET', 'nobody listens there');
  await connections.stopForward(box.id, hostPort);
  assert.ok(!(await containers.inspect(box.id)).forwards?.some(({ containerPort }) => containerPort === 9001));
});
