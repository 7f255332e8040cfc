import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { QmpClient } from './qmp.ts';

const greeting = '{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}\r\n';

interface Command {
  readonly execute: string;
  readonly arguments?: unknown;
  readonly id: number;
}

/** A socket that answers as the test says; `answer` gets each command and the connection. */
async function serve(context: TestContext, answer: (command: Command, socket: Socket) => void, hello: string | undefined = greeting): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'qmp-'));
  const server = createServer((socket) => {
    if (hello !== undefined) socket.write(hello);
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) answer(JSON.parse(line) as Command, socket);
    });
  });
  const path = join(directory, 'qmp.sock');
  await once(server.listen(path), 'listening');
  context.after(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });
  return path;
}

const obey = ({ id }: Command, socket: Socket): void => void socket.write(`${JSON.stringify({ return: {}, id })}\r\n`);
const isVmFailed = (words: RegExp) => (error: unknown) => error instanceof BerthError && error.code === 'VmFailed' && words.test(error.message);

test('negotiates, then gives each answer to the command that asked for it', async (context) => {
  const waiting: Command[] = [];
  const path = await serve(context, (command, socket) => {
    if (command.execute === 'qmp_capabilities') obey(command, socket);
    else waiting.push(command);
    if (waiting.length === 2) for (const { id, execute } of waiting.reverse()) socket.write(`${JSON.stringify({ return: execute, id })}\n`);
  });
  const client = await QmpClient.connect(path);
  assert.deepEqual(await Promise.all([client.execute('one'), client.execute('two', { a: 1 })]), ['one', 'two']);
  assert.deepEqual(waiting.find(({ execute }) => execute === 'two')?.arguments, { a: 1 });
  client.close();
  await client.closed;
});

test('a refusal carries QEMU’s reason', async (context) => {
  const path = await serve(context, (command, socket) => {
    if (command.execute === 'qmp_capabilities') obey(command, socket);
    else socket.write(`${JSON.stringify({ error: { class: 'GenericError', desc: 'no such device' }, id: command.id })}\n`);
  });
  const client = await QmpClient.connect(path);
  await assert.rejects(client.execute('device_del'), isVmFailed(/“device_del”: no such device/));
  client.close();
});

test('events reach their listeners, also when they come in pieces', async (context) => {
  const path = await serve(context, (command, socket) => {
    obey(command, socket);
    if (command.execute !== 'go') return;
    socket.write('{"event": "SHUTDOWN", "da');
    setImmediate(() => socket.write('ta": {"guest": true}}\r\n'));
  });
  const client = await QmpClient.connect(path);
  const event = new Promise((resolve) => client.onEvent(resolve));
  await client.execute('go');
  assert.deepEqual(await event, { name: 'SHUTDOWN', data: { guest: true } });
  client.close();
});

for (const [what, line] of [
  ['a line that is not JSON', 'SSH-2.0-OpenSSH\n'],
  ['a line that is no object', '17\n'],
  ['an answer to nothing that was asked', '{"return": {}, "id": 99}\n'],
] as const) {
  test(`refuses ${what}`, async (context) => {
    const path = await serve(context, () => undefined, line);
    await assert.rejects(QmpClient.connect(path), isVmFailed(new RegExp(what)));
  });
}

test('what waits fails when QEMU goes away, and so does what is asked afterwards', async (context) => {
  const path = await serve(context, (command, socket) => {
    if (command.execute === 'qmp_capabilities') obey(command, socket);
    else socket.destroy();
  });
  const client = await QmpClient.connect(path);
  await assert.rejects(client.execute('quit'), isVmFailed(/closed its control connection/));
  await client.closed;
  await assert.rejects(client.execute('query-status'), isVmFailed(/closed/));
});

test('a socket where nobody listens is an error', async () => {
  await assert.rejects(QmpClient.connect('/nowhere/qmp.sock'), isVmFailed(/failed/));
});

test('a QEMU that says nothing is not waited for without end', async (context) => {
  const path = await serve(context, () => undefined, '');
  await assert.rejects(QmpClient.connect(path, 50), isVmFailed(/no answer/));
});
