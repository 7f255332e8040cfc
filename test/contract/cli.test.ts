import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { cliBerth, type CliProcess } from './cliHarness.ts';
import { processEnd } from './rpcHarness.ts';

test('help, versions and mistakes need no host', async (t) => {
  const berth = await cliBerth(t);
  const help = await berth.run(['--help']);
  assert.equal(help.status, 0);
  for (const verb of ['run', 'create', 'exec', 'ls|list', 'start', 'stop', 'restart', 'kill', 'rename', 'rm', 'prune', 'logs', 'attach', 'inspect', 'wait', 'image', 'system']) assert.ok(help.out.includes(`  ${verb}`), verb);
  assert.deepEqual(await berth.run(['--version']), { status: 0, out: '0.1.0\n', error: '' });
  const versions = JSON.parse((await berth.run(['system', 'version', '--format', 'json'])).out) as { container: string; host: null };
  assert.deepEqual([versions.container, versions.host], ['0.1.0', null]);
  const unknown = await berth.run(['frobnicate']);
  assert.equal(unknown.status, 1);
  assert.match(unknown.error, /^Error: unknown command 'frobnicate'/);
  const cpus = await berth.run(['run', '-c', '1.5', 'local', 'true']);
  assert.equal(cpus.status, 125);
  assert.match(cpus.error, /whole number of processors/);
  const tty = await berth.run(['run', '-it', 'local', 'sh']);
  assert.deepEqual([tty.status, tty.error], [125, 'Error: the input device is not a TTY\n']);
  const status = await berth.run(['system', 'status']);
  assert.deepEqual([status.status, status.out], [1, 'The runtime host is not running.\n']);
  assert.deepEqual(await berth.run(['system', 'stop']), { status: 0, out: '', error: 'The runtime host is not running.\n' });
  assert.equal(existsSync(berth.paths.runtime), false);
});

test('the process\'s status is ours, and so are its streams', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  const run = await berth.run(['run', '--rm', 'local', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
  assert.deepEqual(run, { status: 42, out: 'out\n', error: 'Pulling local\nerr\n' });
  assert.equal((await berth.run(['run', '--rm', 'local', 'sh', '-c', 'kill -TERM $$'])).status, 143);
  const missing = await berth.run(['run', '--rm', 'local', '/no/such']);
  assert.deepEqual([missing.status, missing.error], [127, 'Error: The command /no/such cannot be run.\n']);
  assert.equal((await berth.run(['run', '--rm', 'local', '/etc'])).status, 126);
  const image = await berth.run(['run', 'missing']);
  assert.deepEqual([image.status, image.error], [125, 'Pulling missing\nError: There is no image missing.\n']);
  assert.equal((await berth.run(['ls', '-aq'])).out, '', 'nothing is left of runs that failed or had --rm');
});

test('create: options of run, an id on standard output and in a file', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  const file = join(berth.paths.home, 'cid');
  const variables = join(berth.paths.home, 'variables');
  await writeFile(variables, '# ours\nA=1\nB=from file\n');
  const made = await berth.run(['create', '--name', 'made', '--cidfile', file, '--env-file', variables, '-e', 'B=2', '--stop-signal', 'INT', '--stop-timeout', '3', '-l', 'a=b', 'local', 'true']);
  assert.equal(made.status, 0, made.error);
  assert.equal(`${await readFile(file, 'utf8')}\n`, made.out);
  const [info] = JSON.parse((await berth.run(['inspect', 'made'])).out) as ContainerInfo[];
  assert.deepEqual([info?.state, info?.env, info?.stopSignal, info?.stopTimeoutSeconds, info?.labels], ['created', ['A=1', 'B=from file', 'B=2'], 'INT', 3, { a: 'b' }]);
  const again = await berth.run(['run', '--cidfile', file, 'local', 'true']);
  assert.equal(again.status, 125);
  assert.match(again.error, /exists already/);
  const fresh = join(berth.paths.home, 'fresh');
  assert.equal((await berth.run(['run', '--pull', 'never', '--cidfile', fresh, 'missing', 'true'])).status, 125);
  assert.equal(existsSync(fresh), false, 'no id, no file');
  assert.equal((await berth.run(['create', '--pull', 'sometimes', 'local'])).status, 125);
});

test('start joins; ls shows what is asked for', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  await berth.run(['create', '-i', '--name', 'joined', '-l', 'tier=front', 'local', 'sh', '-c', 'echo begins; cat; exit 7']);
  assert.deepEqual(await berth.run(['start', '-a', '-i', 'joined'], 'typed\n'), { status: 7, out: 'begins\ntyped\n', error: '' });
  const { out: id } = await berth.run(['create', '--name', 'other', 'local', 'true']);
  assert.match((await berth.run(['start', '-a', 'joined', 'other'])).error, /One container at a time/);
  const names = async (...words: string[]): Promise<string[]> => (JSON.parse((await berth.run(['ls', '--format', 'json', ...words])).out) as ContainerInfo[]).map(({ name }) => name);
  assert.deepEqual(await names(), []);
  assert.deepEqual(await names('-f', 'status=exited'), ['joined']);
  assert.deepEqual(await names('-a', '-f', 'label=tier=front'), ['joined']);
  assert.deepEqual(await names('-l'), ['other']);
  assert.deepEqual(await names('-n', '2'), ['other', 'joined']);
  assert.equal((await berth.run(['ls', '-aq', '--no-trunc', '-f', 'name=other'])).out, id);
  assert.match((await berth.run(['ls', '-f', 'colour=red'])).error, /one of id, name/);
});

test('prune asks first; df and system logs tell what there is', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  assert.equal((await berth.run(['run', '--name', 'gone', 'local', 'true'])).status, 0);
  const asked = await berth.run(['prune'], 'n\n');
  assert.deepEqual([asked.status, asked.out], [1, '']);
  assert.match(asked.error, /^This removes all containers that do not run/);
  assert.match((await berth.run(['ls', '-a'])).out, /gone/);
  const done = await berth.run(['prune'], 'y\n');
  assert.equal(done.status, 0);
  assert.match(done.out, /^Removed containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/);
  const usage = JSON.parse((await berth.run(['system', 'df', '--format', 'json'])).out) as { images: { total: number; active: number } };
  assert.deepEqual([usage.images.total, usage.images.active], [1, 0]);
  assert.match((await berth.run(['system', 'df'])).out, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +1 +0 /);
  assert.match((await berth.run(['system', 'df', '-v'])).out, /Images:\n\nNAME +IN USE +SIZE\nlocal +no /);
  assert.match((await berth.run(['system', 'prune', '-af'])).out, /Removed images:\nlocal\n/);
  assert.match((await berth.run(['system', 'prune', '-a', '--volumes'], 'n\n')).error, /^This removes all containers that do not run, and then all networks, images and anonymous volumes that no container uses\.\n/);
  const events = (await berth.run(['system', 'logs', '--format', 'json'])).out.trim().split('\n').map((line) => JSON.parse(line) as { message: string });
  assert.equal(events.some(({ message }) => message === 'The runtime host is up'), true);
  const follow = berth.spawn('system', 'logs', '-f');
  await follow.printed('The runtime host is up');
  await berth.run(['system', 'stop']);
  await follow.printed('The runtime host stops');
  follow.child.kill('SIGINT');
  assert.equal((await follow.result).status, 130);
});

test('what the host has to say to its users is on standard error, of every client that is there', async (t) => {
  const berth = await cliBerth(t);
  const other = await berth.connect();
  const heard = new Promise<string>((resolve) => other.onMessage(resolve));
  assert.deepEqual(await berth.run(['run', '--rm', 'emulated', 'echo', 'out']), { status: 0, out: 'out\n', error: 'Pulling emulated\nWarning: Containers are slow here.\n' });
  assert.equal(await heard, 'Containers are slow here.');
});

test('piped input arrives whole, and its end too', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  const input = randomBytes(5_000_000);
  const { status, out } = await berth.run(['run', '-i', '--rm', 'local', 'sha256sum'], input);
  assert.deepEqual([status, out], [0, `${createHash('sha256').update(input).digest('hex')}  -\n`]);
  const without = await berth.run(['run', '--rm', 'local', 'cat'], 'nobody asked for this');
  assert.deepEqual([without.status, without.out], [0, '']);
});

test('options reach the container', async (t) => {
  const berth = await cliBerth(t, { PASSED_ON: 'from outside' });
  await berth.connect();
  const { out } = await berth.run([
    'run', '-d', '--name', 'box', '-e', 'A=1', '-e', 'PASSED_ON', '-e', 'NOT_SET_ANYWHERE', '-w', '/tmp', '-u', '1:2', '-v', '/tmp:/host:ro', '-m', '512m', '-c', '2', '-l', 'k=v',
    '--entrypoint', 'sleep', 'local', '60',
  ]);
  assert.match(out, /^[0-9a-f]{64}\n$/);
  const [info] = JSON.parse((await berth.run(['inspect', 'box'])).out) as ContainerInfo[];
  assert.deepEqual(info?.env, ['A=1', 'PASSED_ON=from outside']);
  assert.deepEqual(info?.mounts, [{ source: '/tmp', target: '/host', readOnly: true }]);
  assert.deepEqual([info?.workingDirectory, info?.user, info?.memoryBytes, info?.cpus, info?.labels, info?.command], ['/tmp', '1:2', 512 * 1024 ** 2, 2, { k: 'v' }, ['sleep', '60']]);
});

test('the life of a container, verb by verb', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  const id = (await berth.run(['run', '-d', '--name', 'box', 'local', 'sleep', '60'])).out.trim();
  const taken = await berth.run(['run', '-d', '--name', 'box', 'local', 'true']);
  assert.equal(taken.status, 125);
  assert.match(taken.error, /in use/);
  assert.equal((await berth.run(['ls', '-q'])).out, `${id.slice(0, 12)}\n`);
  assert.match((await berth.run(['ps'])).out, /^CONTAINER ID {3}IMAGE {3}COMMAND {6}CREATED .*\n[0-9a-f]{12} {3}local {3}"sleep 60" .* Up .* box\n$/);
  const [listed] = JSON.parse((await berth.run(['list', '--format', 'json'])).out) as ContainerInfo[];
  assert.equal(listed?.id, id);
  assert.deepEqual(await berth.run(['exec', 'box', 'sh', '-c', 'echo $A; exit 9']), { status: 9, out: '\n', error: '' });
  assert.equal((await berth.run(['exec', '-i', '-e', 'A=b', 'box', 'sh', '-c', 'echo $A; cat'], 'input')).out, 'b\ninput');
  assert.equal((await berth.run(['exec', 'box', '/no/such'])).status, 127);
  assert.equal((await berth.run(['rm', 'box'])).status, 1);
  const waiting = berth.spawn('wait', 'box');
  assert.deepEqual(await berth.run(['kill', '-s', 'INT', 'box', 'nobody']), { status: 1, out: 'box\n', error: 'Error: There is no container nobody.\n' });
  assert.deepEqual(await waiting.result, { status: 0, out: '130\n', error: '' });
  assert.match((await berth.run(['ls', '-a'])).out, /Exited \(130\)/);
  assert.equal((await berth.run(['exec', 'box', 'true'])).status, 1);
  assert.equal((await berth.run(['start', 'box'])).out, 'box\n');
  assert.equal((await berth.run(['stop', '-t', '1', 'box'])).out, 'box\n');
  assert.equal((await berth.run(['rm', '-f', 'box'])).out, 'box\n');
  assert.equal((await berth.run(['inspect', 'box'])).status, 1);
});

test('images', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  assert.deepEqual(await berth.run(['image', 'pull', 'local:1']), { status: 0, out: 'local:1\n', error: 'Pulling local:1\n' });
  assert.match((await berth.run(['image', 'ls'])).out, /^REPOSITORY +TAG .*\nlocal +1 +000000000000 +1\.23kB\n$/);
  assert.equal((await berth.run(['image', 'ls', '-q'])).out, 'local:1\n');
  assert.equal((await berth.run(['image', 'rm', 'local:1'])).out, 'local:1\n');
  const again = await berth.run(['image', 'rm', 'local:1']);
  assert.deepEqual([again.status, again.error], [1, 'Error: The image local:1 is not here.\n']);
});

test('signals go to the process; before the start Ctrl-C is ours', async (t) => {
  const berth = await cliBerth(t);
  await berth.connect();
  const run = berth.spawn('run', '--rm', 'local', 'sh', '-c', 'trap "echo got it; exit 5" INT; echo ready; while :; do sleep 0.1; done');
  await run.printed('ready');
  run.child.kill('SIGINT');
  assert.deepEqual(await run.result.then(({ status, out }) => [status, out]), [5, 'ready\ngot it\n']);

  const pulling = berth.spawn('run', '--rm', 'slow', 'true');
  await new Promise((resolve) => pulling.child.stderr.once('data', resolve));
  pulling.child.kill('SIGINT');
  assert.equal((await pulling.result).status, 130);
  assert.equal((await berth.run(['ls', '-aq'])).out, '');
});

test('Ctrl-C ends what only waits, with the status of the signal and without a word; what it waited for goes on', async (t) => {
  const berth = await cliBerth(t);
  const client = await berth.connect();
  const { id } = await client.containers.create({ image: 'local', name: 'box', command: ['sleep', '60'] });
  await client.containers.start(id);
  const interrupted = async (signal: NodeJS.Signals, begun: (waiting: CliProcess) => Promise<unknown>, ...words: string[]): Promise<unknown> => {
    const waiting = berth.spawn(...words);
    await begun(waiting);
    waiting.child.kill(signal);
    const { status, out } = await waiting.result;
    return [status, out];
  };
  const printed = (text: string) => (waiting: CliProcess) => waiting.printed(text);
  assert.deepEqual(await interrupted('SIGINT', printed('up'), 'exec', 'box', 'sh', '-c', 'echo up; sleep 60'), [130, 'up\n']);
  assert.deepEqual(await interrupted('SIGTERM', printed('up'), 'exec', 'box', 'sh', '-c', 'echo up; sleep 60'), [143, 'up\n']);
  const asked = (waiting: CliProcess): Promise<unknown> => once(waiting.child.stderr, 'data');
  assert.deepEqual(await interrupted('SIGINT', asked, 'image', 'pull', 'slow'), [130, '']);
  assert.deepEqual((await client.images.list()).map(({ reference }) => reference), []);
  assert.equal((await client.containers.inspect('box')).state, 'running');
});

test('a reader that leaves early is no error', async (t) => {
  const berth = await cliBerth(t);
  const client = await berth.connect();
  await client.containers.create({ image: 'local', name: 'log', command: ['log', '100000000'] });
  const logs = berth.spawn('logs', 'log');
  await new Promise((resolve) => logs.child.stdout.once('data', resolve));
  logs.child.stdout.destroy();
  const { status, error } = await logs.result;
  assert.deepEqual([status, error], [141, '']);
  assert.equal((await berth.run(['logs', 'log'])).out.length, 100_000_000);
});

test('system start, status and stop', async (t) => {
  const berth = await cliBerth(t);
  // The real host this time: no container is needed.
  const start = await berth.run(['system', 'start']);
  assert.equal(start.status, 0);
  const pid = Number(/process (\d+)/.exec(start.error)?.[1]);
  const status = JSON.parse((await berth.run(['system', 'status', '--format', 'json'])).out) as { running: boolean; pid: number };
  assert.deepEqual([status.running, status.pid], [true, pid]);
  assert.match((await berth.run(['system', 'version'])).out, /runtime host +0\.1\.0/);
  assert.equal((await berth.run(['ls'])).out, 'CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   ADDRESS   PORTS   NAMES\n');
  assert.equal((await berth.run(['system', 'stop'])).status, 0);
  await processEnd(pid);
});
