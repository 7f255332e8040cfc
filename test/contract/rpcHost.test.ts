import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { connect } from '../../runtime-host/client/index.ts';
import { protocolVersion } from '../../runtime-host/protocol/version.ts';
import { version } from '../../runtime-host/protocol/version.ts';
import { hasCode, localHostPath, processEnd, scratchBerth } from './rpcHarness.ts';

test('connect() starts a host, and the next one finds it', async (t) => {
  const berth = await scratchBerth(t);
  await assert.rejects(berth.connect({ start: false }), hasCode('HostUnreachable'));
  const first = await berth.connect();
  const second = await berth.connect({ start: false });
  const { pid, home } = await first.system.status();
  assert.equal((await second.system.status()).pid, pid);
  assert.equal(home, berth.paths.home);
  assert.equal((await stat(berth.paths.hostSocket)).mode & 0o777, 0o600);
  assert.equal((await stat(berth.paths.runtime)).mode & 0o777, 0o700);
  assert.equal((await stat(berth.paths.hostLog)).mode & 0o777, 0o600);
});

test('fifty simultaneous starts from five processes make one host', async (t) => {
  const berth = await scratchBerth(t);
  const starter = fileURLToPath(new URL('./rpcStarter.ts', import.meta.url));
  const starters = Array.from({ length: 5 }, () =>
    spawn(process.execPath, [starter, localHostPath, '10'], { env: berth.environment, stdio: ['ignore', 'pipe', 'inherit'] }));
  const outputs = await Promise.all(starters.map(async (child) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
    const [code] = await once(child, 'close') as [number];
    assert.equal(code, 0);
    return output.trim().split('\n');
  }));
  const pids = outputs.flat();
  assert.equal(pids.length, 50);
  assert.equal(new Set(pids).size, 1, `hosts: ${[...new Set(pids)].join(' ')}`);
});

test('after SIGKILL of the host the next command works', async (t) => {
  const berth = await scratchBerth(t);
  for (let round = 0; round < 3; round += 1) {
    const client = await berth.connect();
    const { pid } = await client.system.status();
    const closed = new Promise<void>((resolve) => client.onDidClose(resolve));
    const waiting = assert.rejects(client.images.pull('slow'), hasCode('HostUnreachable'));
    process.kill(pid, 'SIGKILL');
    await closed;
    await waiting;
    const next = await berth.connect();
    assert.notEqual((await next.system.status()).pid, pid);
  }
});

test('a host that is idle goes away by itself, and not while something runs', async (t) => {
  // Long enough that the first client, for whom it is started, reaches it before on a busy machine.
  const berth = await scratchBerth(t, { BERTH_IDLE_SECONDS: '2' });
  const client = await berth.connect();
  const { pid } = await client.system.status();
  // Runs for twice the limit. A host that goes away ends its local containers, and then the file is not there.
  const done = `${berth.paths.home}/done`;
  await client.containers.create({ image: 'local', name: 'worker', command: ['sh', '-c', `sleep 4; touch '${done}'`] });
  await client.containers.start('worker');
  client.close();
  await processEnd(pid);
  await stat(done);
  await assert.rejects(berth.connect({ start: false }), hasCode('HostUnreachable'));
  assert.match(await berth.log(), /stops \{"reason":"it is idle"\}/);
});

test('a client uses a container until it releases it, or is gone', async (t) => {
  const berth = await scratchBerth(t);
  const [client, other] = [await berth.connect(), await berth.connect()];
  for (const [name, end] of [['released', () => other.containers.release('released')], ['left', () => Promise.resolve(other.close())]] as const) {
    await client.containers.create({ image: 'local', name, command: ['sleep', '1000'] });
    await client.containers.start(name);
    assert.equal((await other.containers.use(name, 'stop')).whenUnused, 'stop');
    const stopped = new Promise<void>((resolve) => client.onContainerDidChange(({ info }) => { if (info?.name === name && info.state === 'stopped') resolve(); }));
    await end();
    await stopped;
  }
  const wrong = client.containers.use('released', 'remove' as 'stop');
  await assert.rejects(wrong, hasCode('InvalidArgument'));
});

test('SIGTERM ends it in good order, and clients notice', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const { pid } = await client.system.status();
  const closed = new Promise<void>((resolve) => client.onDidClose(resolve));
  process.kill(pid, 'SIGTERM');
  await closed;
  await processEnd(pid);
  await assert.rejects(stat(berth.paths.hostSocket), { code: 'ENOENT' });
  await assert.rejects(client.images.list(), hasCode('HostUnreachable'));
});

test('stop and start at once overlap without harm', async (t) => {
  const berth = await scratchBerth(t);
  const first = await berth.connect();
  const { pid } = await first.system.status();
  const [, second] = await Promise.all([first.system.stop(), processEnd(pid).then(() => berth.connect())]);
  const { pid: secondPid } = await second.system.status();
  assert.notEqual(secondPid, pid);
  void second.system.stop();
  const third = await berth.connect();
  await third.images.list().catch(hasCode('HostUnreachable'));
  // The third may have met it at the door on its way out; it still gives its lock back.
  await processEnd(secondPid);
});

test('a host that says goodbye right after its first answer is left for the next one', async (t) => {
  const berth = await scratchBerth(t);
  await mkdir(berth.paths.runtime, { mode: 0o700 });
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('headers', (headers) => headers.push(`berth-version: ${version}`, `berth-protocol: ${protocolVersion}`));
  let met = 0;
  sockets.on('connection', (socket) => {
    met += 1;
    const leaves = met === 1;
    socket.on('message', (data) => {
      const { id } = JSON.parse((data as Buffer).toString()) as { id?: number };
      if (id !== undefined) socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
      // Together with the answer, so that the client reads both at once.
      if (leaves) socket.close(1001);
    });
  });
  await new Promise<void>((resolve) => server.listen(berth.paths.hostSocket, resolve));
  try {
    const client = await berth.connect({ start: false });
    assert.equal(met, 2);
    client.close();
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a host that cannot start says why, with its log', async (t) => {
  const berth = await scratchBerth(t);
  await berth.connect().then((client) => client.system.stop());
  const broken = `${berth.paths.home}/broken.mjs`;
  await writeFile(broken, 'throw new Error("no such luck");');
  const { pid } = await (await berth.connect()).system.status();
  process.kill(pid, 'SIGKILL');
  await processEnd(pid);
  await assert.rejects(connect({ paths: berth.paths, hostPath: broken }), (error: Error) => {
    hasCode('HostUnreachable')(error);
    assert.match(error.message, /ended with status 1/);
    assert.ok(error.message.includes(berth.paths.hostLog));
    return true;
  });
  assert.match(await berth.log(), /no such luck/);
});

test('a runtime directory that others can enter is refused', async (t) => {
  const berth = await scratchBerth(t);
  await berth.connect();
  const { chmod } = await import('node:fs/promises');
  await chmod(berth.paths.runtime, 0o755);
  await assert.rejects(berth.connect(), /other users can enter it/);
  await chmod(berth.paths.runtime, 0o700);
});

test('a host of another protocol version is refused, with advice', async (t) => {
  const berth = await scratchBerth(t);
  await mkdir(berth.paths.runtime, { mode: 0o700 });
  for (const [protocol, advice] of [['0', /Restart the runtime host with “container system stop”/], ['99', /Restart this program/]] as const) {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on('headers', (headers) => headers.push('berth-version: 7.7.7', `berth-protocol: ${protocol}`));
    await new Promise<void>((resolve) => server.listen(berth.paths.hostSocket, resolve));
    await assert.rejects(berth.connect(), (error: Error) => {
      hasCode('VersionMismatch')(error);
      assert.match(error.message, /version 7\.7\.7/);
      assert.match(error.message, advice);
      return true;
    });
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('services that cannot be built: requests say why, and the host ends', async (t) => {
  const berth = await scratchBerth(t);
  await mkdir(berth.paths.home, { mode: 0o700 });
  // The real host, with a file where its content store should be.
  await writeFile(berth.paths.content, '');
  const client = await connect({ paths: berth.paths });
  await assert.rejects(client.images.list(), hasCode('Internal'));
  client.close();
  await processEnd(Number(/"pid":(\d+)/.exec(await berth.log())?.[1]));
  assert.match(await berth.log(), /The host cannot work/);
});
