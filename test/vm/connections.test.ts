import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer as createHttp, get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ContainerInfo, ContainerSpec } from '../../runtime-host/protocol/types.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';
import { startRegistry } from '../support/registry.ts';
import { buildBusyboxImage, type TarEntry } from '../support/testImages.ts';

/*
 * What leads from the host into a container without a network's port: forwards, published sockets, the SSH agent. One
 * machine for all of it.
 */

let berth: VmHarness;
let directory: string;
let agent: ChildProcess;
let spec: Pick<ContainerSpec, 'image' | 'command' | 'sshAgent' | 'sockets'>;
let box: ContainerInfo;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'con-'));
  const [, started] = await Promise.all([startAgent(), startVmHarness({ BERTH_CA_CERTIFICATES: join(directory, 'ca.pem') })]);
  berth = started;
  spec = {
    image: await pushImage(),
    command: ['sh', '-c', 'web-peer > /tmp/peer 2>&1 & wait'],
    sshAgent: join(directory, 'agent'),
    sockets: [{ hostPath: join(directory, 'echo'), containerPath: '/run/echo.sock' }],
  };
  box = await berth.background(spec);
  await berth.exec(box.id, ['sh', '-c', 'until grep . /tmp/peer; do sleep 0.1; done']);
}, { timeout: 120_000 });
after(async () => {
  await berth.stop();
  agent.kill();
  await rm(directory, { recursive: true });
});

async function startAgent(): Promise<void> {
  agent = spawn('ssh-agent', ['-D', '-a', join(directory, 'agent')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(agent.stdout as Readable, 'data');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a key of the test', '-f', join(directory, 'key')]);
  execFileSync('ssh-add', ['-q', join(directory, 'key')], { env: { ...process.env, SSH_AUTH_SOCK: join(directory, 'agent') }, stdio: 'pipe' });
}

/** BusyBox, a server, a trust store as Debian has it, and Debian's ssh-add with its libraries. */
async function pushImage(): Promise<string> {
  const peer = join(directory, 'peer');
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', peer, join(import.meta.dirname, '../support/webPeer.go')], { env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' } });
  const libraries = [...execFileSync('ldd', ['/usr/bin/ssh-add'], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  const file = (path: string, from = path): TarEntry => ({ path: path.slice(1), content: readFileSync(from), mode: 0o755 });
  buildBusyboxImage(join(directory, 'image'), { extraLayers: [[file('/usr/bin/ssh-add'), file('/usr/bin/web-peer', peer), { path: 'etc/ssl/certs/ca-certificates.crt', content: '# None.\n' }, ...libraries.map((path) => file(path))]] });
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

const answerOf = async (path: string, words: string): Promise<string> => (await buffer(connect({ path, allowHalfOpen: true }).end(words))).toString();

test('a published socket is the user’s, and leads to the container’s', { timeout: 60_000 }, async () => {
  const path = join(directory, 'echo');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await answerOf(path, 'through a socket'), 'through a socket');
  const other = await berth.create({ ...spec, command: ['true'] });
  await assert.rejects(berth.containers.start(other.id), { code: 'InvalidArgument', message: /a program listens there already/ });
  assert.equal(await answerOf(path, 'still there'), 'still there');
  await berth.containers.remove(other.id);
});

test('the SSH agent of the host lists its keys in the container, for every user', { timeout: 60_000 }, async () => {
  for (const user of ['root', 'user']) {
    const { stdout, stderr } = await berth.exec(box.id, ['ssh-add', '-l'], { user });
    assert.match(stdout, /a key of the test \(ED25519\)/, stderr);
  }
  const own = await berth.run(['sh', '-c', 'ssh-add -l; echo $SSH_AUTH_SOCK; exit 3'], { image: spec.image, sshAgent: join(directory, 'agent') });
  assert.match(own.stdout, /a key of the test.*\n\/run\/host-services\/ssh-auth.sock\n/);
  const missing = await berth.run(['ssh-add', '-l'], { image: spec.image, sshAgent: join(directory, 'no-agent') });
  assert.notEqual(missing.exitCode, 0);
  assert.ok(berth.log.some((line) => line.includes('The SSH agent cannot be reached')));
});

test('proxies on the host and its certificates reach the programs, and nothing else of the host does', { timeout: 60_000 }, async () => {
  const openssl = (...words: string[]): unknown => execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=An authority of the test');
  openssl('req', '-x509', ...newKey, '-keyout', 'server.key', '-out', 'server.pem', '-days', '30', '-subj', '/CN=server', '-addext', 'subjectAltName=DNS:host.berth.internal', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE');
  const secure = createHttps({ key: readFileSync(join(directory, 'server.key')), cert: readFileSync(join(directory, 'server.pem')) }, (_request, response) => response.end('trusted\n'));
  const proxy = createHttp((request, response) => response.end(`proxied ${request.url}\n`));
  try {
    await Promise.all([secure, proxy].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
    const [securePort, proxyPort] = [secure, proxy].map((server) => (server.address() as AddressInfo).port);
    const address = `https://host.berth.internal:${securePort}/`;
    const script = `web-peer fetch http://away.example/ ${address}; echo $NODE_EXTRA_CA_CERTS $REQUESTS_CA_BUNDLE $HTTP_PROXY`;
    const wishes = { image: spec.image, command: ['sh', '-c', script], proxies: { http_proxy: `http://127.0.0.1:${proxyPort}` }, policy: { mode: 'open' as const, allow: [`host.berth.internal:${securePort}`] } };
    const bundle = '/etc/ssl/certs/ca-certificates.crt';
    const trusting = await berth.run(wishes.command, wishes);
    assert.equal(trusting.stdout, `proxied http://away.example/\ntrusted\n${bundle} ${bundle} http://host.berth.internal:${proxyPort}\n`, trusting.stderr);
    const wary = await berth.run(wishes.command, { ...wishes, hostCertificates: false, policy: { ...wishes.policy } });
    assert.match(wary.stderr, /certificate signed by unknown authority/);
    const closed = await berth.run(wishes.command, { ...wishes, policy: { mode: 'open' } });
    assert.match(closed.stderr, /connection refused/);
    assert.ok(!berth.log.some((line) => line.includes(String(proxyPort))), 'no address of a proxy, which may hold a password, is in the log');
  } finally {
    secure.close();
    proxy.close();
  }
});

/** Resolves when a container's log holds a text. */
async function logged(id: string, text: string): Promise<void> {
  const path = berth.paths.container(id).outputLog;
  const watcher = watch(path);
  try {
    const holds = (): boolean => readFileSync(path).includes(text);
    const changed = new Promise<void>((resolve) => watcher.on('change', () => void (holds() && resolve())));
    if (!holds()) await changed;
  } finally {
    watcher.close();
  }
}

test('after the host was killed the next one makes the sockets anew, and takes them away in the end', { timeout: 120_000 }, async () => {
  // Its host goes on, and a VM has one host.
  await berth.containers.remove(box.id, { force: true });
  const path = join(directory, 'again');
  const program = join(import.meta.dirname, '..', 'support', 'vmHostChild.ts');
  const whole = { cpus: 1, memoryBytes: 256 * 1024 * 1024, ...spec, command: ['web-peer'], proxies: { http_proxy: 'http://localhost:1' }, sockets: [{ hostPath: path, containerPath: '/run/echo.sock' }] };
  const child = spawn(process.execPath, [program, JSON.stringify(whole)], { env: berth.environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const [known, runs] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('id ')) known.resolve(line.slice(3));
    if (line === 'running') runs.resolve();
  });
  const [id] = await Promise.all([known.promise, runs.promise]);
  await logged(id, 'listening');
  const busy = connect(path).on('error', () => undefined);
  busy.write(Buffer.alloc(1 << 20));
  await new Promise((resolve) => busy.once('data', resolve));
  const closed = new Promise<void>((resolve) => busy.once('close', () => resolve()));
  child.kill('SIGKILL');
  await Promise.all([once(child, 'exit'), closed]);
  assert.ok(existsSync(path));
  const next = await berth.otherHost();
  assert.equal(await answerOf(path, 'anew'), 'anew');
  const { stdout } = await next.exec(id, { command: ['sh', '-c', 'ssh-add -l; echo $http_proxy'] });
  assert.match((await buffer(stdout)).toString(), /a key of the test.*\nhttp:\/\/host.berth.internal:1\n/);
  await next.remove(id, { force: true });
  assert.ok(!existsSync(path));
  await next.dispose();
});
