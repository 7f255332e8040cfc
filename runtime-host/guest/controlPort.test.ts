import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { MarkFinder, openControlPort } from './controlPort.ts';

async function serve(context: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'port-'));
  const server = createServer(onConnection);
  const path = join(directory, 'control.sock');
  await once(server.listen(path), 'listening');
  context.after(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });
  return path;
}

/** A guest that answers the mark, after some bytes of an earlier connection and before some of this one. */
function answering(before: Buffer, after: Buffer) {
  return (socket: Socket): void => {
    socket.on('error', () => undefined);
    socket.once('data', (request: Buffer) => {
      const answer = Buffer.from([...Buffer.from('935e0bc721f864ad1f70b249d5863aec', 'hex')].map((byte) => ~byte & 0xff));
      socket.write(Buffer.concat([before, answer, request.subarray(16, 32), after]));
    });
  };
}

test('drops what comes before the answer and keeps what comes after it', async (context) => {
  const path = await serve(context, answering(Buffer.alloc(70_000, 1), Buffer.from('hello')));
  const socket = await openControlPort(path);
  const arrived = once(socket, 'data');
  socket.resume();
  const [data] = (await arrived) as [Buffer];
  assert.equal(data.toString(), 'hello');
  socket.destroy();
});

test('an answer to somebody else’s nonce is not ours', async (context) => {
  const path = await serve(context, (socket) => {
    socket.once('data', () => {
      const answer = Buffer.from([...Buffer.from('935e0bc721f864ad1f70b249d5863aec', 'hex')].map((byte) => ~byte & 0xff));
      socket.end(Buffer.concat([answer, Buffer.alloc(16, 7)]));
    });
  });
  await assert.rejects(openControlPort(path), /closed its control port/);
});

test('waiting for a guest that does not answer can be given up', async (context) => {
  const path = await serve(context, () => undefined);
  const limit = new AbortController();
  const opening = openControlPort(path, limit.signal);
  limit.abort(new Error('enough'));
  await assert.rejects(opening, /enough/);
});

test('a mark is found wherever the stream is cut', () => {
  const mark = Buffer.from('MARKMARX');
  const stream = Buffer.from('..MARKMARKMARXrest');
  for (let cut = 0; cut <= stream.length; cut++) {
    for (let second = cut; second <= stream.length; second++) {
      const finder = new MarkFinder(mark);
      const pieces = [stream.subarray(0, cut), stream.subarray(cut, second), stream.subarray(second)];
      let rest: Buffer | undefined;
      for (const piece of pieces) rest = rest ? Buffer.concat([rest, piece]) : finder.find(piece);
      assert.equal(rest?.toString(), 'rest');
    }
  }
});
