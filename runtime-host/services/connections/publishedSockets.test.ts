import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createLogger, silentLogger } from '../../base/log.ts';
import type { GuestConnections } from './guestConnections.ts';
import { listenOnSocket } from './hostSockets.ts';
import { PublishedSockets } from './publishedSockets.ts';
import { forwardAgent } from './sshAgent.ts';

/* Guests are this machine: what is dialled in them is a server of the test's, and where they listen is a file of its. */

let directory: string;
const servers: Server[] = [];
before(async () => (directory = await mkdtemp(join(tmpdir(), 'so-'))));
after(async () => {
  for (const server of servers) server.close();
  await rm(directory, { recursive: true });
});

async function echo(): Promise<string> {
  const path = join(directory, `echo${servers.length}`);
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket));
  servers.push(server);
  await once(server.listen(path), 'listening');
  return path;
}

const guestWith = (target: string): GuestConnections => ({
  dial: async (address) => {
    assert.deepEqual(address, { unixPath: '/run/app.sock' });
    const socket = connect({ path: target, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  },
  listen: async (_socket, onConnection) => {
    const server = createServer({ allowHalfOpen: true }, onConnection);
    await once(server.listen(target), 'listening');
    return { closed: Promise.resolve(), close: () => void server.close() };
  },
  listeners: () => assert.fail('nobody watches'),
});

const box = { id: 'box', name: 'box' };
const answerOf = async (path: string, words: string): Promise<string> => (await buffer(connect({ path, allowHalfOpen: true }).end(words))).toString();

test('connections wait for the guest, and then pass both ways; the socket is the user’s and goes in the end', async () => {
  const path = join(directory, 'app');
  const published = await PublishedSockets.open(box, [{ hostPath: path, containerPath: '/run/app.sock' }], silentLogger);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const early = answerOf(path, 'early');
  published.serve(guestWith(await echo()));
  assert.equal(await early, 'early');
  assert.equal(await answerOf(path, 'later'), 'later');
  const open = connect(path).resume();
  open.write('x');
  await once(open, 'data');
  published.close();
  await once(open, 'close');
  assert.ok(!existsSync(path));
});

test('what was left by an ended program is replaced; nothing else is', async () => {
  const path = join(directory, 'left');
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const refused = (message: RegExp) => ({ code: 'InvalidArgument', message });
  await assert.rejects(listenOnSocket(path, () => undefined), refused(/a program listens there already/));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(path));
  servers.push(await listenOnSocket(path, (socket) => socket.end('new')));
  assert.equal((await buffer(connect(path))).toString(), 'new');

  const file = join(directory, 'file');
  await writeFile(file, 'precious');
  await assert.rejects(listenOnSocket(file, () => undefined), refused(/there is something else/));
  await symlink(path, join(directory, 'link'));
  await assert.rejects(listenOnSocket(join(directory, 'link'), () => undefined), refused(/there is something else/));
  await assert.rejects(listenOnSocket(join(directory, 'missing', 's'), () => undefined), refused(/there is no directory .*missing/));
  await assert.rejects(listenOnSocket(`/${'x'.repeat(107)}`, () => undefined), refused(/108 bytes long/));
  await assert.rejects(listenOnSocket('here', () => undefined), refused(/not absolute/));
});

test('when one of several cannot be made there is none', async () => {
  const [good, bad] = [join(directory, 'good'), join(directory, 'missing', 'bad')];
  const sockets = [good, bad].map((hostPath) => ({ hostPath, containerPath: '/run/app.sock' }));
  await assert.rejects(PublishedSockets.open(box, sockets, silentLogger), { code: 'InvalidArgument' });
  assert.ok(!existsSync(good));
});

test('a real SSH agent, and one that is gone', async () => {
  await mkdir(join(directory, 'agent'));
  const agent = join(directory, 'agent', 's');
  const child = spawn('ssh-agent', ['-D', '-a', agent], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const key = join(directory, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a key of the test', '-f', key]);
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: agent }, stdio: 'pipe' });
  const inside = join(directory, 'inside');
  const lines: string[] = [];
  const stop = await forwardAgent('box', agent, guestWith(inside), createLogger((line) => lines.push(line)));
  const list = (): Promise<{ status: number | null; out: string }> => {
    const add = spawn('ssh-add', ['-l'], { env: { ...process.env, SSH_AUTH_SOCK: inside }, stdio: ['ignore', 'pipe', 'ignore'] });
    return Promise.all([buffer(add.stdout), once(add, 'exit')]).then(([out, [status]]) => ({ status: status as number | null, out: out.toString() }));
  };
  assert.match((await list()).out, /a key of the test \(ED25519\)/);
  child.kill();
  await once(child, 'exit');
  const { status, out } = await list();
  assert.deepEqual([status === 0, out], [false, '']);
  assert.match(lines.join(''), /The SSH agent cannot be reached from a container/);
  stop();
});

test('who reads nothing does not keep others waiting', async () => {
  const path = join(directory, 'busy');
  const published = await PublishedSockets.open(box, [{ hostPath: path, containerPath: '/run/app.sock' }], silentLogger);
  published.serve(guestWith(await echo()));
  const lazy: Socket = connect(path).on('error', () => undefined).pause();
  lazy.write(Buffer.alloc(1 << 24));
  assert.equal(await answerOf(path, 'quick'), 'quick');
  lazy.destroy();
  published.close();
});
