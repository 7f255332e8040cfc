import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from '../../runtime-host/client/index.ts';
import { startArchiveBerth, type ArchiveBerth } from '../support/archiveBerth.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';

/* Files of containers that do not run: in a machine that is there only for that, whatever else happens meanwhile. */

let berth: ArchiveBerth;

before(async () => {
  berth = await startArchiveBerth();
}, { timeout: 120_000 });
after(() => berth.stop('one', 'two'));

test('containers that do not run, two at once, a start meanwhile, and a killed host', { timeout: 200_000 }, async () => {
  await berth.must('run', '-d', '--name', 'one', berth.image, 'sleep', '1000000');
  await berth.must('exec', 'one', 'truncate', '-s', '20G', '/endless');
  await berth.must('stop', '-t', '0', 'one');
  writeFileSync(join(berth.directory, 'note'), 'kept');
  await Promise.all([berth.must('cp', 'note', 'one:/first'), berth.must('cp', 'note', 'one:/second'), berth.must('start', 'one')]);
  assert.equal(await berth.must('exec', 'one', 'cat', '/first', '/second'), 'keptkept');
  await berth.must('stop', '-t', '0', 'one');
  await berth.must('create', '--name', 'two', berth.image, 'cat', '/note');
  await berth.must('cp', 'note', 'two:/');
  assert.deepEqual(JSON.parse(await berth.must('ls', '-a', '--format', 'json')).map(({ name, state }: { name: string; state: string }) => [name, state]).sort(), [['one', 'stopped'], ['two', 'created']]);
  assert.ok((await berth.container('export', 'two')).out.includes('kept'));

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
  assert.equal(await berth.must('start', '-a', 'two'), 'kept', 'and the next host has ended the machine');
  assert.equal((await findProcesses([id])).size, 0);
  await berth.must('start', 'one');
  assert.equal(await berth.must('exec', 'one', 'cat', '/first'), 'kept');
  assert.equal(existsSync(berth.paths.container(id).maintenanceLog), false);
});
