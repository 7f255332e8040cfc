import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import type { ContainerChange, ImageChange } from '../../runtime-host/client/index.ts';
import { languageCapabilities } from '../../runtime-host/protocol/language.ts';
import type { WorkDoneProgress } from '../../runtime-host/protocol/methods.ts';
import { encodeFrame, streamSubprotocol } from '../../runtime-host/protocol/streams.ts';
import { hasCode, scratchBerth } from './rpcHarness.ts';
import type { ScratchBerth } from './rpcHarness.ts';

function rawSocket(berth: ScratchBerth, path: string, protocols: string[] = [], options: ClientOptions = {}): WebSocket {
  return new WebSocket(`ws://berth${path}`, protocols, { createConnection: () => connectSocket(berth.paths.hostSocket), perMessageDeflate: false, ...options });
}

async function opened(berth: ScratchBerth, path: string, protocols?: string[]): Promise<WebSocket> {
  const socket = rawSocket(berth, path, protocols);
  await once(socket, 'open');
  return socket;
}

interface Answer {
  id?: number | null;
  result?: unknown;
  error?: { code: number; message: string; data?: { code: string } };
  method?: string;
}

/** Sends one message and returns the first answer. */
async function ask(socket: WebSocket, message: object): Promise<Answer> {
  socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const [data] = await once(socket, 'message') as [Buffer];
  return JSON.parse(data.toString()) as Answer;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, 'close') as [number];
  return code;
}

test('any LSP client can initialize, shut down and exit; the host goes on', async (t) => {
  const berth = await scratchBerth(t);
  const other = await berth.connect();
  const socket = await opened(berth, '/rpc');
  const early = await ask(socket, { id: 1, method: 'image/list' });
  assert.equal(early.error?.code, -32002);
  const { result } = await ask(socket, { id: 2, method: 'initialize', params: { processId: null, rootUri: null, capabilities: {} } });
  assert.deepEqual(result, { capabilities: { ...languageCapabilities, experimental: { berth: { protocolVersion: 1 } } }, serverInfo: { name: 'berth', version: '0.1.0' } });
  socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'initialized', params: {} }));
  assert.equal((await ask(socket, { id: 3, method: 'initialize', params: {} })).error?.code, -32600);
  assert.equal((await ask(socket, { id: 4, method: 'textDocument/rename', params: {} })).error?.code, -32601);
  assert.deepEqual((await ask(socket, { id: 5, method: 'image/list' })).result, []);
  assert.equal((await ask(socket, { id: 6, method: 'shutdown' })).result, null);
  assert.equal((await ask(socket, { id: 7, method: 'image/list' })).error?.code, -32600);
  socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'exit' }));
  assert.equal(await closeCode(socket), 1000);
  assert.deepEqual(await other.images.list(), []);
});

test('parameters are checked, and the error names the field', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const refused = (promise: Promise<unknown>, field: string): Promise<void> => assert.rejects(promise, (error: { data?: { field?: string } }) => {
    hasCode('InvalidArgument')(error);
    assert.equal(error.data?.field, field);
    return true;
  });
  await refused(client.containers.create({ image: '' }), 'image');
  await refused(client.containers.create({ image: 'x', cpus: 1.5 }), 'cpus');
  await refused(client.containers.create({ image: 'x', env: ['novalue'] }), 'env[0]');
  await refused(client.containers.create({ image: 'x', mounts: [{ source: 'here', target: '/there', readOnly: false }] }), 'mounts[0].source');
  await refused(client.containers.create({ image: 'x', size: { columns: 0, rows: 1 } }), 'size.columns');
  await refused(client.containers.create({ image: 'x', command: ['a\0b'] }), 'command[0]');
  await refused(client.containers.signal('x', 'a b'), 'signal');
  await refused(client.containers.exec('x', { command: [] }), 'command');
  await refused(client.images.pull(7 as unknown as string), 'reference');
  await assert.rejects(client.containers.inspect('nobody'), hasCode('ContainerNotFound'));
});

test('two clients hear the same news, in the same order', async (t) => {
  const berth = await scratchBerth(t);
  const [one, two] = [await berth.connect(), await berth.connect()];
  const heard: (ContainerChange | ImageChange)[][] = [[], []];
  for (const [index, client] of [one, two].entries()) {
    client.onContainerDidChange((change) => heard[index]?.push(change));
    client.onImageDidChange((change) => heard[index]?.push(change));
  }
  const created = await one.containers.create({ image: 'local', name: 'news', command: ['true'] });
  await two.containers.start('news');
  await one.containers.wait('news');
  await two.images.pull('local');
  await one.containers.remove('news');
  // An answer comes after the news that went before it on the same connection.
  await Promise.all([one.images.list(), two.images.list()]);
  assert.deepEqual(heard[0], heard[1]);
  assert.deepEqual(heard[0]?.map((change) => ('id' in change ? change.info?.state ?? 'removed' : change.reference)), ['created', 'running', 'stopped', 'local', 'removed']);
  assert.equal(heard[0]?.[0] && 'id' in heard[0][0] && heard[0][0].id, created.id);
});

test('progress begins, reports about ten times a second, and ends; the signal cancels', async (t) => {
  const client = await (await scratchBerth(t)).connect();
  const seen: WorkDoneProgress[] = [];
  const cancellation = new AbortController();
  const started = performance.now();
  let milliseconds = 0;
  // The local host makes a hundred reports a second, and takes five seconds when nobody cancels.
  const pull = client.images.pull('slow', { signal: cancellation.signal, progress: (value) => {
    if (seen.push(value) !== 10) return;
    milliseconds = performance.now() - started;
    cancellation.abort();
  } });
  await assert.rejects(pull, hasCode('Cancelled'));
  assert.equal(seen[0]?.kind, 'begin');
  assert.equal(seen.at(-1)?.kind, 'end');
  assert.ok(seen.slice(1, -1).every(({ kind }) => kind === 'report'));
  // Nine reports have eight pauses between them.
  assert.ok(milliseconds > 700, `nine reports in ${milliseconds} ms`);
});

test('a client that drops its connection cancels what it asked for', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const socket = await opened(berth, '/rpc');
  await ask(socket, { id: 1, method: 'initialize', params: {} });
  assert.equal((await ask(socket, { id: 2, method: 'image/pull', params: { reference: 'slow', workDoneToken: 1 } })).method, '$/progress');
  socket.terminate();
  // The local host's images tell in their log that a pull was cancelled; a pull that goes on would take five seconds.
  while (!(await berth.log()).includes('pull of slow was cancelled')) await sleep(20);
  assert.deepEqual(await client.images.list(), []);
});

test('malformed, oversized and misplaced messages close their connection and nothing else', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const { pid } = await client.system.status();
  const bad: [send: string | Buffer, code: number][] = [
    ['{"jsonrpc": "2.0", "id": 1, "meth', 1007],
    ['[]', 1007],
    ['null', 1007],
    ['42', 1007],
    [Buffer.from('{"jsonrpc":"2.0","id":1,"method":"image/list"}'), 1003],
    ['{"jsonrpc":"2.0","method":"$/cancelRequest"}', 1007],
    [`{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(5 * 1024 * 1024)}"}`, 1009],
  ];
  for (const [message, code] of bad) {
    const socket = await opened(berth, '/rpc');
    socket.on('error', () => undefined);
    socket.send(message);
    assert.equal(await closeCode(socket), code, message.slice(0, 60).toString());
  }
  const odd = await opened(berth, '/rpc');
  for (const message of ['{}', '{"id":{}}', '{"jsonrpc":"2.0","id":null,"method":"x"}', '{"jsonrpc":"2.0","id":9,"result":1}', '{"jsonrpc":"2.0","method":"$/progress"}']) odd.send(message);
  assert.equal((await ask(odd, { id: 1, method: 'initialize', params: {} })).error, undefined);
  odd.close();
  assert.equal((await client.system.status()).pid, pid);
});

test('web pages, strangers and wrong addresses are refused at the door', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const status = (socket: WebSocket): Promise<number | undefined> => new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('error', () => undefined);
  });
  assert.equal(await status(rawSocket(berth, '/rpc', [], { origin: 'https://example.com' })), 403);
  assert.equal(await status(rawSocket(berth, '/nothing')), 404);
  assert.equal(await status(rawSocket(berth, '/containers/%zz/attach', [streamSubprotocol])), 404);
  assert.equal(await status(rawSocket(berth, '/containers/x/logs?tail=many', [streamSubprotocol])), 400);
  assert.equal(await status(rawSocket(berth, '/containers/x/attach')), 400);
  const plain = connectSocket(berth.paths.hostSocket);
  plain.end('this is no HTTP\r\n\r\n');
  assert.match(String((await once(plain, 'data'))[0]), /^HTTP\/1\.1 400/);
  await client.system.status();
});

test('wrong frames end a stream, and the process goes on', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  await client.containers.create({ image: 'local', name: 'cat', command: ['cat'], stdin: true });
  await client.containers.start('cat');
  const wrong: (string | Buffer)[] = [
    'text', Buffer.of(), Buffer.of(9, 1), encodeFrame(1, Buffer.from('x')), encodeFrame(3, Buffer.from('{}')), encodeFrame(4, Buffer.from('{"Width":"wide"}')),
    encodeFrame(4, Buffer.from('{')), encodeFrame(255, Buffer.of(1)), encodeFrame(255, Buffer.of()),
  ];
  for (const frame of wrong) {
    const socket = await opened(berth, '/containers/cat/attach', [streamSubprotocol]);
    socket.send(frame);
    assert.equal(await closeCode(socket), 1008, frame.toString('latin1'));
  }
  const large = await opened(berth, '/containers/cat/attach', [streamSubprotocol]);
  large.on('error', () => undefined);
  large.send(encodeFrame(0, Buffer.alloc(2 * 1024 * 1024)));
  assert.equal(await closeCode(large), 1009);
  assert.equal((await client.containers.inspect('cat')).state, 'running');
});

test('an exec can be opened once', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  await client.containers.create({ image: 'local', name: 'sleep', command: ['sleep', '60'] });
  await assert.rejects(client.containers.exec('sleep', { command: ['true'] }), hasCode('ContainerNotRunning'));
  await client.containers.start('sleep');
  assert.deepEqual(await (await client.containers.exec('sleep', { command: ['sh', '-c', 'exit 3'] })).status, { exitCode: 3 });
  const socket = rawSocket(berth, '/exec/00000000-0000-0000-0000-000000000000', [streamSubprotocol]);
  const [data] = await once(socket, 'message') as [Buffer];
  assert.equal(data[0], 3);
  assert.equal((JSON.parse(data.subarray(1).toString()) as { error: { code: string } }).error.code, 'ExecNotFound');
  const failed = await client.containers.exec('sleep', { command: ['/no/such/program'] });
  await assert.rejects(failed.status, hasCode('CommandNotFound'));
});
