import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { RegistryHttp, isCutShort, isLoopbackHost } from './registryHttp.ts';
import type { HttpSettings } from './registryHttp.ts';

async function serve(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function client(t: TestContext, settings?: HttpSettings): RegistryHttp {
  const http = new RegistryHttp(settings);
  t.after(() => http.dispose());
  return http;
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const never = new AbortController().signal;

test('only this machine may be spoken to without encryption', () => {
  for (const host of ['localhost:5000', '127.0.0.1', '127.1.2.3:80', '127.1', '[::1]:5000', 'LOCALHOST']) assert.ok(isLoopbackHost(new URL(`http://${host}`).hostname), host);
  for (const host of ['localhost.example', '128.0.0.1', '0.0.0.0', '127.0.0.1.example', '[::2]', 'example']) assert.ok(!isLoopbackHost(new URL(`http://${host}`).hostname), host);
});

test('connections are used again; one that the server closes at that moment is replaced', async (t) => {
  const served = new Map<Socket, number>();
  const url = await serve(t, ({ socket }, response) => {
    const count = (served.get(socket) ?? 0) + 1;
    served.set(socket, count);
    // The third request on a connection finds it closing.
    if (count === 3) socket.destroy();
    else response.end('yes');
  });
  const http = client(t);
  for (let request = 0; request < 4; request += 1) assert.equal(await readText((await http.get(url, {}, undefined, never)).body), 'yes');
  assert.deepEqual([...served.values()].slice(0, 2), [3, 1]);
});

test('a connection that is reset within an answer ends the body, and nothing is asked again', async (t) => {
  let requests = 0;
  const url = await serve(t, ({ socket }, response) => {
    requests += 1;
    if (requests === 1) { response.end('yes'); return; }
    response.writeHead(200, { 'content-length': 100 });
    response.write('some', () => socket.resetAndDestroy());
  });
  const http = client(t);
  await readText((await http.get(url, {}, undefined, never)).body);
  await assert.rejects(async () => readText((await http.get(url, {}, undefined, never)).body), isCutShort);
  assert.equal(requests, 2);
});

test('a reader that takes its time is not a server that stalls', async (t) => {
  const size = 8 * 1024 * 1024;
  const url = await serve(t, (_request, response) => { response.end(Buffer.alloc(size)); });
  const idleTimeout = 400;
  // The clock goes on only while the reader is busy.
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const response = await client(t, { idleTimeout }).get(url, {}, undefined, never);
  let received = 0;
  for await (const chunk of response.body) {
    if (received === 0) t.mock.timers.tick(1.5 * idleTimeout);
    received += chunk.length;
  }
  assert.equal(received, size);
});

test('cancelling ends the wait for an answer and the reading of one', async (t) => {
  const url = await serve(t, ({ url: path }, response) => {
    if (path === '/half') { response.writeHead(200, { 'content-length': 100 }); response.write('some'); }
  });
  const http = client(t);
  const waiting = new AbortController();
  const answer = http.get(url, {}, undefined, waiting.signal);
  setImmediate(() => waiting.abort());
  await assert.rejects(answer, { name: 'AbortError' });
  const reading = new AbortController();
  const { body } = await http.get(new URL('half', url.href), {}, undefined, reading.signal);
  await assert.rejects(async () => { for await (const _ of body) reading.abort(); });
});

test('an address where nobody accepts is given up after the time for connecting', async (t) => {
  // A name that is never found out: the look-up is part of the time.
  const http = client(t, { connectTimeout: 100, lookup: () => undefined });
  await assert.rejects(http.get(new URL('http://registry.test/'), {}, undefined, never), (error) => error instanceof BerthError && error.code === 'RegistryTimeout' && /did not accept a connection within 0\.1 seconds/.test(error.message));
});
