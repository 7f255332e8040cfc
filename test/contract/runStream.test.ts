import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { HostStream } from '../../runtime-host/client/index.ts';
import { openStream, openStreamAlone } from '../../runtime-host/client/openStream.ts';
import { Channel, runStreamPath } from '../../runtime-host/protocol/streams.ts';
import { cliBerth } from './cliHarness.ts';
import { hasCode, scratchBerth } from './rpcHarness.ts';

/* Further processes by one stream, without JSON-RPC. */

const bytes = (request: unknown): Buffer => Buffer.from(JSON.stringify(request));

async function outcome(stream: HostStream): Promise<[string, string, unknown]> {
  return Promise.all([text(stream.stdout), text(stream.stderr), stream.status]);
}

test('one stream runs a process: request, input that comes before it is there, output, status', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  const { id } = await client.containers.create({ image: 'local', name: 'box', command: ['sleep', '60'] });
  await client.containers.start(id);
  const stream = await openStreamAlone(berth.paths, runStreamPath('box'), bytes({ command: ['sh', '-c', 'cat; echo err >&2; exit 7'], stdin: true }));
  stream.stdin.end('in');
  assert.deepEqual(await outcome(stream), ['in', 'err\n', { exitCode: 7 }]);

  for (const [container, request, code] of [
    ['box', { command: [] }, 'InvalidArgument'],
    ['box', { command: ['true'], user: 5 }, 'InvalidArgument'],
    ['box', { command: ['true'], container: 'other' }, undefined], // The address says which.
    ['box', { command: ['true'], detach: true }, 'InvalidArgument'],
    ['box', 'true', 'InvalidArgument'],
    ['nobody', { command: ['true'] }, 'ContainerNotFound'],
    ['box', { command: ['/no/such'] }, 'CommandNotFound'],
  ] as const) {
    const { status } = await openStreamAlone(berth.paths, runStreamPath(container), bytes(request));
    if (code) await assert.rejects(status, hasCode(code));
    else assert.deepEqual(await status, { exitCode: 0 });
  }
  for (const first of [[Channel.stdin, 'true'], [Channel.request, '{']] as const) {
    const wrong = await openStream(berth.paths, runStreamPath('box'));
    wrong.send(first[0], Buffer.from(first[1]));
    await assert.rejects(wrong.status, hasCode('InvalidArgument'));
  }
  await client.containers.stop(id);
  await assert.rejects((await openStreamAlone(berth.paths, runStreamPath('box'), bytes({ command: ['true'] }))).status, hasCode('ContainerNotRunning'));
});

test('a stream that wants them brings what the host has for its users', async (t) => {
  const berth = await scratchBerth(t);
  const client = await berth.connect();
  await client.containers.create({ image: 'local', name: 'box', command: ['sleep', '60'] });
  await client.containers.start('box');
  const stream = await openStreamAlone(berth.paths, runStreamPath('box'), bytes({ command: ['sh', '-c', 'echo there; cat'], stdin: true }));
  await once(stream.stdout, 'data');
  const heard = new Promise<string>((resolve) => stream.onNotice(resolve));
  await client.containers.create({ image: 'emulated', name: 'slow', command: ['true'] });
  await client.containers.start('slow');
  assert.equal(await heard, 'Containers are slow here.');
  stream.stdin.end();
  assert.deepEqual(await stream.status, { exitCode: 0 });
});

test('exec and logs start a host where none runs', async (t) => {
  const berth = await cliBerth(t);
  for (const verb of [['exec', 'box', 'true'], ['logs', 'box']]) assert.match((await berth.run(verb)).error, /There is no container “box”/);
});

test('a command that is longer than a message', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  await berth.run(['run', '-d', '--name', 'box', 'local', 'sleep', '60']);
  const long = Array.from({ length: 11 }, () => 'x'.repeat(100_000));
  assert.equal((await berth.run(['exec', 'box', 'sh', '-c', 'echo $#', 'sh', ...long])).out, '11\n');
});
