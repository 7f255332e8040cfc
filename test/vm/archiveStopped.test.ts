import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../runtime-host/client/index.ts';
import { stopHost } from '../contract/rpcHarness.ts';
import { findProcesses } from '../../runtime-host/vm/processes.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* Files of containers that do not run: in a machine that is there only for that, whatever else happens meanwhile. */

const cli = fileURLToPath(new URL('../../runtime-host/cli/main.ts', import.meta.url));
let berth: VmHarness;
let directory: string;

before(async () => {
  berth = await startVmHarness();
  directory = await mkdtemp(join(tmpdir(), 'barchive-'));
  await berth.containers.dispose(); // The command line starts a host of its own.
}, { timeout: 120_000 });
after(async () => {
  await container('rm', '-f', 'one', 'two');
  await stopHost(berth.paths);
  await berth.stop();
  await rm(directory, { recursive: true });
});

interface Result { readonly status: number; readonly out: Buffer; readonly error: string }

function container(...words: string[]): Promise<Result> {
  return typing(undefined, ...words);
}

function typing(input: Buffer | undefined, ...words: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [cli, ...words], { env: berth.environment, cwd: directory, encoding: 'buffer', maxBuffer: 1e9 }, (error, out, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, out, error: stderr.toString() });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

async function must(...words: string[]): Promise<string> {
  const { status, out, error } = await container(...words);
  assert.equal(status, 0, `${words.join(' ')}: ${error}`);
  return out.toString();
}

test('containers that do not run, two at once, a start meanwhile, and a killed host', { timeout: 200_000 }, async () => {
  await must('run', '-d', '--name', 'one', berth.image, 'sleep', '1000000');
  await must('exec', 'one', 'truncate', '-s', '20G', '/endless');
  await must('stop', '-t', '0', 'one');
  writeFileSync(join(directory, 'note'), 'kept');
  await Promise.all([must('cp', 'note', 'one:/first'), must('cp', 'note', 'one:/second'), must('start', 'one')]);
  assert.equal(await must('exec', 'one', 'cat', '/first', '/second'), 'keptkept');
  await must('stop', '-t', '0', 'one');
  await must('create', '--name', 'two', berth.image, 'cat', '/note');
  await must('cp', 'note', 'two:/');
  assert.deepEqual(JSON.parse(await must('ls', '-a', '--format', 'json')).map(({ name, state }: { name: string; state: string }) => [name, state]).sort(), [['one', 'stopped'], ['two', 'created']]);
  assert.ok((await container('export', 'two')).out.includes('kept'));

  const client = await connect({ paths: berth.paths, environment: berth.environment });
  const { pid } = await client.system.status();
  const { id } = await client.containers.inspect('one');
  const stream = await client.containers.copyFrom('one', '/endless');
  await new Promise((resolve) => stream.stdout.once('readable', resolve));
  assert.equal((await findProcesses([id])).size, 1);
  process.kill(pid, 'SIGKILL');
  stream.stdout.resume();
  await assert.rejects(stream.status);
  client.close();
  assert.equal(await must('start', '-a', 'two'), 'kept', 'and the next host has ended the machine');
  assert.equal((await findProcesses([id])).size, 0);
  await must('start', 'one');
  assert.equal(await must('exec', 'one', 'cat', '/first'), 'kept');
  assert.equal(existsSync(berth.paths.container(id).maintenanceLog), false);
});
