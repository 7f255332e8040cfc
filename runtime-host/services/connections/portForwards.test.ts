import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import type { GuestConnections } from './guestConnections.ts';
import { PortForwards, type ForwardTarget } from './portForwards.ts';
import { listenersIn, portOwner } from './portOwner.ts';

/* Guests are this machine: what is dialled in them is a server of the test's. */

const forwards = new PortForwards(silentLogger);
const servers: Server[] = [];
after(() => {
  forwards.dispose();
  for (const server of servers) server.close();
});

async function serve(connected: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    connected(socket);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** @param port of the test, which stands for all of the container's */
function guestWith(port: number): GuestConnections {
  return {
    dial: async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    },
    listeners: () => assert.fail('nobody watches'),
    listen: () => assert.fail('nobody listens'),
  };
}

function target(port: number, name = 'box'): ForwardTarget {
  return { id: name, name, guest: guestWith(port) };
}

async function client(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

test('half-close: what was sent before the end is answered after it, whatever its size', async () => {
  const port = await serve((socket) => void buffer(socket).then((all) => socket.end(createHash('sha256').update(all).digest('hex'))));
  const { hostPort } = await forwards.forward(target(port), { containerPort: 80, hostPort: 0 });
  for (const size of [0, 1, 65_537, 20_000_000]) {
    const sent = randomBytes(size);
    const socket = await client(hostPort);
    socket.end(sent);
    assert.equal((await buffer(socket)).toString(), createHash('sha256').update(sent).digest('hex'), `${size} bytes`);
  }
});

test('the other way round: the guest ends first, and still reads', async () => {
  const heard = Promise.withResolvers<string>();
  const port = await serve((socket) => {
    socket.end('bye');
    void buffer(socket).then((all) => heard.resolve(all.toString()));
  });
  const { hostPort } = await forwards.forward(target(port), { containerPort: 81, hostPort: 0 });
  const socket = await client(hostPort);
  assert.equal((await buffer(socket)).toString(), 'bye');
  socket.end('after your end');
  assert.equal(await heard.promise, 'after your end');
});

test('who reads nothing holds the writer up, and nothing is kept for it without bound', async () => {
  let written = 0;
  const stalled = Promise.withResolvers<void>();
  const port = await serve((socket) => {
    const piece = Buffer.alloc(1 << 20);
    while (socket.writableLength < 1 << 26 && written < 1 << 28) {
      written += piece.length;
      socket.write(piece);
    }
    stalled.resolve();
    socket.on('close', () => undefined);
  });
  const { hostPort } = await forwards.forward(target(port), { containerPort: 82, hostPort: 0 });
  const before = process.memoryUsage().arrayBuffers;
  const socket = (await client(hostPort)).pause();
  await stalled.promise;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(process.memoryUsage().arrayBuffers - before < written + (8 << 20));
  socket.destroy();
});

test('a refusal and a reset reach the client as a reset', async () => {
  const refusing: ForwardTarget = { id: 'box', name: 'box', guest: { ...guestWith(0), dial: async () => Promise.reject(new Error('refused')) } };
  const { hostPort } = await forwards.forward(refusing, { containerPort: 83, hostPort: 0 });
  // It may come before or after the connection is there.
  const [refused] = await once(connect(hostPort, '127.0.0.1').resume(), 'error') as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'ECONNRESET');
  const port = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const second = await forwards.forward(target(port), { containerPort: 84, hostPort: 0 });
  const socket = await client(second.hostPort);
  socket.write('x');
  const [reset] = await once(socket, 'error') as [NodeJS.ErrnoException];
  assert.equal(reset.code, 'ECONNRESET');
});

test('a client that goes away ends the connection in the guest', async () => {
  const closed = Promise.withResolvers<void>();
  const port = await serve((socket) => {
    socket.write('hello');
    socket.resume().once('end', () => closed.resolve());
  });
  const { hostPort } = await forwards.forward(target(port), { containerPort: 85, hostPort: 0 });
  const socket = await client(hostPort);
  await once(socket, 'data');
  socket.resetAndDestroy();
  await closed.promise;
});

test('many at once, on both loopback addresses', async () => {
  const port = await serve((socket) => socket.pipe(socket));
  const { hostPort, hostAddress } = await forwards.forward(target(port), { containerPort: 86, hostPort: 0 });
  assert.equal(hostAddress, '127.0.0.1');
  await Promise.all(Array.from({ length: 500 }, async (_entry, index) => {
    const socket = await client(hostPort, index % 2 ? '127.0.0.1' : '::1');
    socket.end(`number ${index}`);
    assert.equal((await buffer(socket)).toString(), `number ${index}`);
  }));
});

test('which port of the host: the same number, another when that is taken, an error when it was asked for', async () => {
  const free = await serve(() => undefined);
  servers.pop()?.close();
  const first = await forwards.forward(target(1, 'one'), { containerPort: free });
  assert.equal(first.hostPort, free);
  assert.deepEqual(await forwards.forward(target(1, 'one'), { containerPort: free }), first, 'the same once more');
  const [second, again] = await Promise.all([forwards.forward(target(1, 'two'), { containerPort: free }), forwards.forward(target(1, 'two'), { containerPort: free })]);
  assert.notEqual(second.hostPort, free);
  assert.deepEqual(second, again);
  await assert.rejects(forwards.forward(target(1, 'three'), { containerPort: 80, hostPort: free }), { code: 'PortInUse', message: `Port ${free} of this machine leads to port ${free} of container “one”. Choose another one.` });
  const taken = await serve(() => undefined);
  await assert.rejects(forwards.forward(target(1, 'three'), { containerPort: 80, hostPort: taken }), { code: 'PortInUse', message: new RegExp(`Port ${taken} of this machine is used by .+ \\(process ${process.pid}\\)`) });
  await assert.rejects(forwards.forward(target(1, 'three'), { containerPort: 80, hostAddress: '192.0.2.1' }), { code: 'InvalidArgument' });
  assert.throws(() => forwards.stop({ id: 'two', name: 'two' }, free), { code: 'InvalidArgument' });
});

test('a forward that is stopped, or whose container ends, takes its connections with it', async () => {
  const port = await serve((socket) => socket.pipe(socket));
  const { hostPort } = await forwards.forward(target(port, 'ending'), { containerPort: 87, hostPort: 0 });
  const socket = await client(hostPort);
  socket.write('x');
  await once(socket, 'data');
  forwards.ended('ending');
  socket.on('error', () => undefined);
  if (!socket.closed) await once(socket.resume().end(), 'close');
  assert.deepEqual(forwards.of('ending'), []);
  const [refused] = await once(connect(hostPort, '127.0.0.1'), 'error') as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'ECONNREFUSED');
});

test('who listens, from the kernel’s table', async () => {
  const table = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
    + '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0\n'
    + '   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0\n';
  assert.deepEqual(listenersIn(table, 8080), ['4711']);
  assert.deepEqual(listenersIn(table, 808), []);
  assert.equal(await portOwner(1), undefined);
});
