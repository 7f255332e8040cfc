import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { NetdClient, netdFailure } from './netdClient.ts';
import type { NetdEvent } from './netdTypes.ts';

/** A client of a server that answers as the test says. */
async function clientOf(context: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void, milliseconds = 5000): Promise<NetdClient> {
  const directory = await mkdtemp(join(tmpdir(), 'netd-'));
  const server = createServer(answer).listen(join(directory, 's'));
  await once(server, 'listening');
  context.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });
  return new NetdClient(join(directory, 's'), milliseconds);
}

const failing = (expected: string) => (error: unknown): boolean => netdFailure(error) === expected;

test('requests and refusals', async (context) => {
  const seen: string[] = [];
  const client = await clientOf(context, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${body}`);
      if (request.url?.endsWith('/link')) response.writeHead(502).end('{"code":"LinkFailed","message":"No such file."}');
      else if (request.url === '/v1/network') response.writeHead(409).end('{"code":"NetworkDiffers","message":"Other."}');
      else if (request.url === '/v1/members/a') response.writeHead(409).end('{"code":"PortInUse","address":"127.0.0.1","port":80,"protocol":"tcp","message":"Taken."}');
      else if (request.url === '/v1/status') response.end('not JSON');
      else response.writeHead(204).end();
    });
  });
  await assert.rejects(client.link('a', '/s'), failing('link'));
  await assert.rejects(client.setNetwork({ name: 'n' } as never), failing('differs'));
  await assert.rejects(client.setMember('a', { name: 'm' } as never), (error: { code: string; data: object }) => error.code === 'PortInUse' && JSON.stringify(error.data) === '{"address":"127.0.0.1","port":80,"protocol":"tcp"}');
  await assert.rejects(client.status(), failing('other'));
  await client.removeMember('b');
  assert.deepEqual(seen, ['PUT /v1/members/a/link {"socket":"/s"}', 'PUT /v1/network {"name":"n"}', 'PUT /v1/members/a {"name":"m"}', 'GET /v1/status ', 'DELETE /v1/members/b ']);
});

test('who is not there is unreachable, and who does not answer is silent', async (context) => {
  await assert.rejects(new NetdClient('/nonexistent/socket').status(), failing('unreachable'));
  const client = await clientOf(context, () => undefined, 50);
  await assert.rejects(client.status(), failing('silent'));
});

test('events come one by one, however they are cut, until the stream ends or is torn', async (context) => {
  const responses: ServerResponse[] = [];
  const client = await clientOf(context, (_request, response) => {
    responses.push(response);
    response.write('{"type":"hello","pid":7}\n{"type":"li');
    response.write('nk","member":"a","up":true}\n');
  });
  for (const end of [(response: ServerResponse) => response.end(), (response: ServerResponse) => response.destroy()]) {
    const events: NetdEvent[] = [];
    for await (const event of client.events(new AbortController().signal)) {
      events.push(event);
      if (event.type === 'link') end(responses.at(-1)!);
    }
    assert.deepEqual(events, [{ type: 'hello', pid: 7 }, { type: 'link', member: 'a', up: true }]);
  }
  const stop = new AbortController();
  for await (const event of client.events(stop.signal)) if (event.type === 'link') stop.abort();
});
