import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Listener } from '../../runtime-host/protocol/networks.ts';
import { bootGuest, type GuestMachine } from '../support/guestMachine.ts';
import { writeTar } from '../support/tarWriter.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* Connections between the host and sockets in the container, over the control port. */

let berth: VmHarness;
let machine: GuestMachine;
before(async () => {
  berth = await startVmHarness();
  machine = await bootGuest(berth);
  const program = join(berth.paths.runtime, 'peer');
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', program, join(import.meta.dirname, '../support/guestPeer.go')], { env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' } });
  const tar = writeTar([{ path: 'peer', content: readFileSync(program), mode: 0o755 }]);
  await machine.guest.writeArchive({ destination: '/bin', source: 'entries' }, (async function* () { yield await Promise.resolve(tar); })(), AbortSignal.timeout(60_000));
}, { timeout: 120_000 });
after(async () => {
  await machine.stop();
  await berth.stop();
});

/** Starts a server in the container, which listens when this resolves. */
async function serve(mode: string, network: string, address: string): Promise<string> {
  const log = `/tmp/${mode}-${address.replaceAll('/', '_')}`;
  await machine.shell(`peer ${mode} ${network} ${address} > ${log} & until grep -q listening ${log}; do sleep 0.05; done`);
  return log;
}

const random = (size: number): Buffer => randomFillSync(Buffer.alloc(size));
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

async function echo(socket: Duplex, data: Buffer): Promise<Buffer> {
  const answer = buffer(socket);
  socket.end(data);
  return answer;
}

test('bytes both ways, half-closed from either side', { timeout: 120_000 }, async () => {
  await serve('echo', 'tcp4', '127.0.0.1:7001');
  await serve('echo', 'tcp6', '[::1]:7002');
  await serve('echo', 'unix', '/tmp/echo.sock');
  const digest = await serve('digest', 'tcp4', '127.0.0.1:7003');
  for (const address of [{ tcpPort: 7001 }, { tcpPort: 7002 }, { unixPath: '/tmp/echo.sock' }]) {
    for (const size of [0, 1, 65_536, 5_000_001]) {
      const data = random(size);
      assert.equal(sha256(await echo(await machine.guest.dial(address), data)), sha256(data), `${JSON.stringify(address)} ${size}`);
    }
  }
  const socket = await machine.guest.dial({ tcpPort: 7003 });
  assert.equal(await text(socket), 'hello');
  const data = random(3_000_000);
  socket.end(data);
  await once(socket, 'close');
  assert.equal(await machine.shell(`until grep nil ${digest}; do sleep 0.05; done`), `3000000 ${sha256(data)} <nil>\n`);
});

test('paths are the container’s, and what is no socket is refused', { timeout: 60_000 }, async () => {
  const name = `${'d'.repeat(90)}/${'e'.repeat(90)}`;
  await machine.shell(`mkdir -p /tmp/${name}; ln -s /tmp/echo.sock /tmp/${name}/link; ln -s ../../../../../../tmp/echo.sock /tmp/up; mkfifo /tmp/fifo; ln -s loop /tmp/loop`);
  for (const unixPath of [`/tmp/${name}/link`, '/tmp/up', '/../../tmp/echo.sock']) assert.equal((await echo(await machine.guest.dial({ unixPath }), Buffer.from('x'))).toString(), 'x');
  for (const unixPath of ['/tmp/missing', '/tmp/fifo', '/tmp', '/tmp/loop', '/bin/peer/x', '', `/${'x'.repeat(5000)}`]) {
    await assert.rejects(machine.guest.dial({ unixPath }), { code: 'PathNotFound' }, unixPath.slice(0, 20));
  }
  await machine.shell('pid=$(ps | grep "[p]eer echo unix" | awk "{print \\$1}"); kill -9 $pid; while [ -e /proc/$pid/exe ]; do sleep 0.05; done');
  await assert.rejects(machine.guest.dial({ unixPath: '/tmp/echo.sock' }), { code: 'NetworkFailed', message: /Nobody listens at the container’s socket \/tmp\/echo\.sock/ });
  await assert.rejects(machine.guest.dial({ tcpPort: 1 }), { code: 'NetworkFailed', message: /Nobody listens at the container’s port 1\b/ });
});

test('a torn connection is torn on the other side, too', { timeout: 60_000 }, async () => {
  const digest = await serve('digest', 'tcp4', '127.0.0.1:7004');
  const mine = await machine.guest.dial({ tcpPort: 7004 });
  mine.write('half');
  await once(mine, 'data');
  mine.destroy();
  assert.match(await machine.shell(`until grep reset ${digest}; do sleep 0.05; done`), /connection reset by peer/);
  await serve('reset', 'tcp4', '127.0.0.1:7005');
  await assert.rejects(machine.guest.dial({ tcpPort: 7005 }).then(text), { code: 'NetworkFailed' });
  const pour = await serve('pour', 'tcp4', '127.0.0.1:7006');
  const endless = await machine.guest.dial({ tcpPort: 7006 });
  await once(endless, 'data');
  endless.destroy();
  assert.equal(await machine.shell(`until grep true ${pour}; do sleep 0.05; done`), 'true true\n');
});

test('connections that stand still hold up no others, whichever side does not read', { timeout: 120_000 }, async () => {
  await serve('stall', 'tcp4', '127.0.0.1:7007');
  await serve('pour', 'unix', '/tmp/pour.sock');
  const sockets: Duplex[] = [];
  // More than the guest's window of the whole connection.
  for (let index = 0; index < 50; index++) {
    const pouring = await machine.guest.dial({ unixPath: '/tmp/pour.sock' });
    const stalled = await machine.guest.dial({ tcpPort: 7007 });
    stalled.on('error', () => undefined);
    stalled.write(Buffer.alloc(100_000));
    sockets.push(pouring, stalled);
  }
  const data = random(1_000_000);
  assert.equal(sha256(await echo(await machine.guest.dial({ tcpPort: 7001 }), data)), sha256(data));
  const most = Math.max(...sockets.map((socket) => socket.readableLength));
  assert.ok(most < 2_000_000, `${most} bytes are kept for one that nobody reads`);
  for (const socket of sockets) socket.destroy();
  assert.equal(await machine.shell('echo alive'), 'alive\n');
});

test('a thousand short connections leave nothing behind', { timeout: 120_000 }, async () => {
  const one = async (): Promise<void> => assert.deepEqual(await echo(await machine.guest.dial({ tcpPort: 7001 }), Buffer.from('ping')), Buffer.from('ping'));
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, one));
  assert.equal(await machine.shell('grep -c ":1B59 .* 01 " /proc/net/tcp || true'), '0\n');
});

test('a socket in the container leads to the host', { timeout: 60_000 }, async () => {
  const path = '/run/berth/agent.sock';
  await machine.shell('mkdir -p /run/berth; touch /run/berth/agent.sock');
  const errors: unknown[] = [];
  const listener = await machine.guest.listen({ path, mode: 0o666 }, (socket) => void socket.pipe(socket), (error) => errors.push(error));
  assert.equal(await machine.shell(`ls /run/berth; stat -c "%F %a %u" ${path}; echo through | peer call unix ${path}`, 'user'), 'agent.sock\nsocket 666 0\nthrough\n');
  assert.equal(await machine.shell(`head -c 3000000 /dev/urandom > /tmp/big; sha256sum < /tmp/big; peer call unix ${path} < /tmp/big | sha256sum`).then((sums) => new Set(sums.trim().split('\n')).size), 1);
  await machine.shell(`for i in $(seq 60); do echo $i | peer call unix ${path} | grep -qx $i; done`);
  listener.close();
  await listener.closed;
  assert.equal(await machine.shell(`while [ -e ${path} ]; do sleep 0.05; done; ls /run/berth`), '');
  assert.deepEqual(errors, []);
  await assert.rejects(machine.guest.listen({ path: '/tmp', mode: 0o600 }, () => undefined, () => undefined), { code: 'InvalidArgument' });
  await assert.rejects(machine.guest.listen({ path: '/bin/peer/x', mode: 0o600 }, () => undefined, () => undefined), { code: 'InvalidArgument' });
  assert.equal(await machine.shell('ls -A /tmp | grep berth || true'), '');
});

test('what listens is told, and its changes', { timeout: 60_000 }, async () => {
  const abort = new AbortController();
  const changes = machine.guest.listeners(abort.signal);
  const until = async (isReached: (listeners: readonly Listener[]) => boolean): Promise<readonly Listener[]> => {
    for (;;) {
      const { value } = (await changes.next()) as { value: readonly Listener[] };
      if (isReached(value)) return value;
    }
  };
  const now = await until(() => true);
  const known = now.find(({ port }) => port === 7001);
  assert.deepEqual({ ...known, pid: undefined }, { protocol: 'tcp', address: '127.0.0.1', port: 7001, processName: 'peer', pid: undefined });
  assert.equal(await machine.shell(`cat /proc/${known?.pid}/cmdline | tr "\\0" " "`), 'peer echo tcp4 127.0.0.1:7001 ');
  assert.equal(now.find(({ port }) => port === 7002)?.address, '::1');
  await serve('echo', 'tcp', ':8080');
  await until((listeners) => listeners.some(({ port, address }) => port === 8080 && address === '::'));
  await serve('datagrams', 'udp4', '127.0.0.1:5353');
  const { protocol, processName } = (await until((listeners) => listeners.some(({ port }) => port === 5353))).find(({ port }) => port === 5353)!;
  assert.deepEqual([protocol, processName], ['udp', 'peer']);
  await machine.shell('kill -9 $(ps | grep "[p]eer datagrams" | awk "{print \\$1}")');
  await until((listeners) => !listeners.some(({ port }) => port === 5353));
  abort.abort();
  await assert.rejects(changes.next(), { code: 'Cancelled' });
});

test('a container ends at once with connections open', { timeout: 60_000 }, async () => {
  const open = [await machine.guest.dial({ tcpPort: 7006 }), await machine.guest.dial({ tcpPort: 7007 })];
  const errors = open.map(async (socket) => ((await once(socket, 'error')) as [BerthError])[0].code);
  const listener = await machine.guest.listen({ path: '/run/berth/last.sock', mode: 0o600 }, () => undefined, assert.fail);
  const started = performance.now();
  await machine.guest.shutdown();
  assert.ok(performance.now() - started < 2500, `it took ${performance.now() - started} ms`);
  await listener.closed;
  open[0]?.resume(); // The end comes after what waits to be read.
  assert.deepEqual(await Promise.all(errors), ['ContainerNotRunning', 'ContainerNotRunning']);
});
