import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../runtime-host/client/index.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { findGuestAssets } from '../../runtime-host/vm/guestAssets.ts';
import { stopHost } from '../contract/rpcHarness.ts';
import { checkDisksBelow } from '../support/checkDisks.ts';
import { startRegistry } from '../support/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';

/*
 * The command line against real virtual machines; one host and one image for all tests, as a user has them.
 */

const cli = fileURLToPath(new URL('../../runtime-host/cli/main.ts', import.meta.url));
const ptyHelper = fileURLToPath(new URL('../support/runInTerminal.py', import.meta.url));
let directory: string;
let env: NodeJS.ProcessEnv;
let registry: TestRegistry;
let image: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'c-'));
  // Neither the probe of the accelerator nor the notice about its answer is what is tested here.
  env = { BERTH_ACCEL: 'tcg', ...process.env, BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run') };
  registry = await startRegistry();
  buildBusyboxImage(join(directory, 'image'));
  image = await registry.push(join(directory, 'image'), 'berth/busybox:1');
  const pulled = await run('image', 'pull', image);
  assert.equal(pulled.status, 0, pulled.error);
});

after(async () => {
  const paths = new BerthPaths(env);
  const client = await connect({ paths });
  for (const { id } of await client.containers.list({ all: true })) await client.containers.remove(id, { force: true });
  client.close();
  await stopHost(paths);
  await registry.stop();
  try {
    await checkDisksBelow(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
});

interface Result { readonly status: number | null; readonly out: string; readonly error: string }

class Cli {
  readonly result: Promise<Result>;
  readonly #child;
  #out = '';
  #error = '';

  constructor(program: string, words: readonly string[], withResizes = false) {
    this.#child = spawn(program, words, { env, cwd: directory, stdio: ['pipe', 'pipe', 'pipe', ...(withResizes ? ['pipe' as const] : [])] });
    this.#child.stdout?.on('data', (chunk: Buffer) => { this.#out += chunk.toString('latin1'); });
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#error += chunk.toString(); });
    this.#child.stdin?.on('error', () => undefined);
    this.result = once(this.#child, 'close').then(([status]: unknown[]) => ({ status: status as number | null, out: this.#out, error: this.#error }));
  }

  type(text: string | Buffer): this {
    this.#child.stdin?.write(text);
    return this;
  }

  endInput(): this {
    this.#child.stdin?.end();
    return this;
  }

  resize(columns: number, rows: number): void {
    (this.#child.stdio[3] as NodeJS.WritableStream).write(`${columns} ${rows}\n`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Settles when the output matches. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#out)) {
      await Promise.race([once(this.#child.stdout as NodeJS.ReadableStream, 'data'), this.result.then(({ out, error }) => assert.fail(`It ended without ${pattern}:\n${out}\n${error}`))]);
    }
  }
}

const start = (...words: string[]): Cli => new Cli(process.execPath, [cli, ...words]);
const run = (...words: string[]): Promise<Result> => start(...words).endInput().result;
const terminal = (...words: string[]): Cli => new Cli('python3', [ptyHelper, '100', '30', process.execPath, cli, ...words], true);

test('exit statuses and streams', async () => {
  assert.deepEqual(await run('run', '--rm', image, 'sh', '-c', 'echo out; echo err >&2; exit 42'), { status: 42, out: 'out\n', error: 'err\n' });
  // The first process is init of its namespace, which cannot kill itself; its child can.
  assert.equal((await run('run', '--rm', image, 'sh', '-c', "sh -c 'kill -KILL $$'; exit $?")).status, 137);
  const missing = await run('run', '--rm', image, 'no-such-command');
  assert.equal(missing.status, 127, missing.error);
  assert.equal((await run('run', '--rm', image, '/etc')).status, 126);
  assert.equal((await run('run', '--rm', '-u', 'nobody-of-that-name', image, 'true')).status, 125);
  assert.equal((await run('ls', '-aq')).out, '');
});

test('options of the container’s world reach the process', async () => {
  const script = 'id; hostname; ulimit -n; touch /file; touch /t/file; grep -o "container-init" /proc/1/comm; grep CapEff /proc/self/status; df -k /dev/shm | tail -1';
  const { status, out, error } = await run('run', '--rm', '--init', '--read-only', '--tmpfs', '/t', '--cap-drop', 'ALL', '--cap-add', 'CHOWN', '--ulimit', 'nofile=64', '--hostname', 'box', '--uid', '5',
    '--gid', '29', '--group-add', 'user', '--shm-size', '1m', '--security-opt', 'no-new-privileges', '--pids-limit', '50', image, 'sh', '-c', script);
  assert.match(out, /^uid=5 gid=29\(audio\) groups=29\(audio\),1000\(user\)\nbox\n64\ncontainer-init\nCapEff:\t0{16}\n\S+ +1024 /);
  assert.deepEqual([status, error], [0, 'touch: /file: Read-only file system\n']);
});

test('piped input: 8 MB arrive unchanged, and so does what comes back', async () => {
  const input = randomBytes(8_000_000);
  const digest = createHash('sha256').update(input).digest('hex');
  const sum = await start('run', '-i', '--rm', image, 'sha256sum').type(input).endInput().result;
  assert.deepEqual([sum.status, sum.out], [0, `${digest}  -\n`]);
  const cat = await start('run', '-i', '--rm', image, 'cat').type(input).endInput().result;
  assert.equal(createHash('sha256').update(Buffer.from(cat.out, 'latin1')).digest('hex'), digest);
  assert.equal((await start('run', '--rm', image, 'cat').type('unasked').endInput().result).out, '');
});

test('a terminal: size, resize, keys, status, and the terminal put back', async () => {
  const shell = terminal('run', '-it', '--rm', image, 'sh');
  await shell.shows(/# /);
  shell.type('stty size; tty\n');
  await shell.shows(/30 100\s+\/dev\/pts\/\d/);
  shell.resize(132, 50);
  // The resize and the keys reach the CLI by different ways, so either can be first.
  shell.type('until stty size | grep "50 132"; do sleep 0.1; done\n');
  await shell.shows(/\n50 132\r\n/);
  shell.type("sh -c 'echo begun; sleep 1000'\n");
  await shell.shows(/\nbegun/);
  shell.type('\u0003');
  shell.type('echo status $?\n');
  await shell.shows(/status 130/);
  shell.type('exit 33\n');
  assert.equal((await shell.result).status, 33);
});

test('Ctrl-P Ctrl-Q leaves a container running; attach comes back to it', async () => {
  const shell = terminal('run', '-it', '--name', 'left', image, 'sh');
  await shell.shows(/# /);
  shell.type('MARK=here\n').type('\u0010\u0011');
  assert.equal((await shell.result).status, 0);
  const again = terminal('attach', 'left');
  again.type('echo still $MARK\n');
  await again.shows(/still here/);
  again.type('exit 4\n');
  assert.equal((await again.result).status, 4);
  assert.equal((await run('rm', 'left')).status, 0);
});

test('signals without a terminal', async () => {
  const trap = start('run', '--rm', image, 'sh', '-c', 'trap "echo caught; exit 6" INT; echo ready; while :; do sleep 0.1; done');
  await trap.shows(/ready/);
  trap.kill('SIGINT');
  assert.deepEqual(await trap.result, { status: 6, out: 'ready\ncaught\n', error: '' });
});

test('exec, logs, inspect, wait, stop, rm', async () => {
  const { out, status, error } = await run('run', '-d', '--name', 'box', '-e', 'A=1', image, 'sh', '-c', 'trap "exit 3" TERM; echo one; echo two >&2; echo three; while :; do sleep 0.1; done');
  assert.equal(status, 0, error);
  assert.match(out, /^[0-9a-f]{64}\n$/);
  assert.deepEqual(await run('exec', '-e', 'B=2', '-w', '/tmp', 'box', 'sh', '-c', 'echo $A $B; pwd; exit 5'), { status: 5, out: '1 2\n/tmp\n', error: '' });
  assert.equal((await start('exec', '-i', 'box', 'cat').type('through exec').endInput().result).out, 'through exec');
  const shell = terminal('exec', '-it', 'box', 'sh');
  await shell.shows(/# /);
  shell.resize(90, 20);
  shell.type('until stty size | grep "20 90"; do sleep 0.1; done\n');
  await shell.shows(/\n20 90\r\n/);
  shell.type('exit 12\n');
  assert.equal((await shell.result).status, 12);
  assert.deepEqual(await run('exec', '-d', 'box', 'sh', '-c', 'echo unread; echo $$ > /tmp/detached; sleep 1000'), { status: 0, out: '', error: '' });
  assert.equal((await run('exec', 'box', 'sh', '-c', 'until [ -s /tmp/detached ]; do sleep 0.1; done; kill -0 $(cat /tmp/detached) && echo alive')).out, 'alive\n');
  assert.equal((await run('exec', '-d', 'box', 'no-such-command')).status, 127);
  const keys = terminal('exec', '-it', '--detach-keys', 'ctrl-a,d', 'box', 'sh', '-c', 'echo $$ > /tmp/left; echo ready; sleep 1000');
  await keys.shows(/ready/);
  assert.equal((await keys.type('\u0001d').result).status, 0);
  assert.equal((await run('exec', 'box', 'sh', '-c', 'kill -0 $(cat /tmp/left) && echo alive')).out, 'alive\n');
  const logs = await run('logs', 'box');
  assert.deepEqual([logs.out, logs.error], ['one\nthree\n', 'two\n']);
  // Two pipes have no common order, so the last line can be either.
  const last = await run('logs', '-n', '1', 'box');
  assert.match(last.out + last.error, /^(two|three)\n$/);
  const follow = start('logs', '-f', 'box');
  await follow.shows(/three/);
  const waiting = start('wait', 'box');
  const [info] = JSON.parse((await run('inspect', 'box')).out) as ContainerInfo[];
  assert.equal(info?.state, 'running');
  assert.equal((await run('stop', 'box')).out, 'box\n');
  assert.deepEqual(await waiting.result, { status: 0, out: '3\n', error: '' });
  assert.equal((await follow.result).status, 0);
  assert.match((await run('ls', '-a')).out, /Exited \(3\)/);
  assert.equal((await run('start', 'box')).status, 0);
  assert.equal((await run('rm', 'box')).status, 1, 'it runs');
  assert.equal((await run('rm', '-f', 'box')).status, 0);
});

test('a kernel of one\'s own boots; what is none does not', async () => {
  const { kernel } = await findGuestAssets(new BerthPaths(env), env);
  const own = join(directory, 'own kernel');
  await copyFile(kernel, own);
  assert.deepEqual(await run('run', '--name', 'own', '-k', 'own kernel', image, 'echo', 'booted'), { status: 0, out: 'booted\n', error: '' });
  const processes = (await run('inspect', 'own')).out;
  assert.equal((JSON.parse(processes) as ContainerInfo[])[0]?.kernel, own);
  await rm(own);
  const gone = await run('start', 'own');
  assert.deepEqual([gone.status, /own kernel cannot be used: it does not exist/.test(gone.error)], [1, true], gone.error);
  assert.equal((await run('rm', 'own')).status, 0);
  assert.equal((await run('run', '-k', 'shared.txt', image, 'true')).status, 125);
  assert.equal((await run('run', '--platform', 'linux/s390x', image, 'true')).status, 125);
});

test('stats and top show what a container does and uses; one that runs out of memory says so', async () => {
  assert.equal((await run('run', '-d', '--name', 'busy', '-m', '128m', image, 'sh', '-c', 'while :; do :; done')).status, 0);
  const once = await run('stats', '--no-stream');
  assert.match(once.out, /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +BLOCK I\/O +PIDS +HOST MEM +HOST DISK\n[0-9a-f]{12} +busy +\d+\.\d\d% +[\d.]+KiB \/ [\d.]+MiB +\d\.\d\d% +\S+ \/ \S+ +1 +[\d.]+MiB +[\d.]+KiB\n$/);
  const [row] = JSON.parse((await run('stats', '--no-stream', '--format', 'json', 'busy')).out) as { cpuPercent: number }[];
  assert.ok(row && row.cpuPercent > 20 && row.cpuPercent < 101, `${row?.cpuPercent} %`);
  const live = terminal('stats', 'busy');
  await live.shows(/busy +--.*busy +\d+\.\d\d%/s);
  live.type('\u0003');
  assert.equal((await live.result).status, 256 - 2, 'SIGINT ended it, and the terminal is as it was');
  const top = await run('top', 'busy');
  assert.match(top.out, /^UID +PID +PPID +C +STIME +TTY +TIME +CMD\nroot +1 +0 +\d+ +\d\d:\d\d +\? +00:00:\d\d +sh -c while :; do :; done\n$/);
  assert.equal((await run('top', 'busy', '-o', 'pid,comm')).out, 'PID   COMMAND\n1     sh\n');
  assert.equal((await run('exec', 'busy', 'tail', '-c', '95000000', '/dev/zero')).error, 'Error: The process was killed because memory ran out. Give the container more with --memory.\n');
  assert.equal((await run('rm', '-f', 'busy')).status, 0);
  const stopped = await run('top', 'busy');
  assert.deepEqual([stopped.status, stopped.error], [1, 'Error: There is no container “busy”. “container ls -a” lists those that exist.\n']);
  const hungry = await run('run', '--name', 'hungry', '-m', '128m', image, 'tail', '-c', '95000000', '/dev/zero');
  assert.equal(hungry.status, 137, hungry.error);
  assert.match((await run('ls', '-a')).out, /Exited \(137\) .* ago \(out of memory\) +[\d.]+ +hungry\n/);
  assert.equal((await run('rm', 'hungry')).status, 0);
});

test('Ctrl-C ends the wait for a stop; the container stops all the same', async () => {
  const stubborn = 'trap "echo asked" TERM; echo ready; while :; do sleep 0.1; done';
  assert.equal((await run('run', '-d', '--name', 'stubborn', image, 'sh', '-c', stubborn)).status, 0);
  const follow = start('logs', '-f', 'stubborn');
  await follow.shows(/ready/);
  const stop = start('stop', '-t', '600', 'stubborn');
  await follow.shows(/asked/);
  stop.kill('SIGINT');
  assert.deepEqual(await stop.result, { status: 130, out: '', error: '' });
  assert.equal((await run('kill', 'stubborn')).status, 0);
  assert.equal((await follow.result).status, 0);
  assert.equal((await run('rm', 'stubborn')).status, 0);
});

test('directories: read-write, read-only, relative, and nothing else', async () => {
  const folder = join(directory, 'folder');
  await mkdir(folder);
  await writeFile(join(folder, 'shared.txt'), 'from the host\n');
  const { out, status } = await run('run', '--rm', '-v', './folder:/rw', '-v', `${folder}:/ro:ro`, image, 'sh', '-c', 'cat /rw/shared.txt; echo back > /rw/answer.txt; echo no > /ro/x || echo refused');
  assert.deepEqual([status, out], [0, 'from the host\nrefused\n']);
  assert.equal(await readFile(join(folder, 'answer.txt'), 'utf8'), 'back\n');
  const refused = await run('run', '--rm', '-v', '.:/all:ro', image, 'ls', '/all');
  assert.equal(refused.status, 125);
  assert.match(refused.error, /contains .*, which holds Berth’s own data, so it is not shared\..* force it/);
  const forced = await run('run', '--rm', '-v', '.:/all:ro,force', image, 'ls', '/all');
  assert.deepEqual([forced.status, forced.out.includes('folder\n')], [0, true]);
});

test('a signal while the machine is starting leaves nothing', async () => {
  const client = await connect({ paths: new BerthPaths(env) });
  for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    for (const awaited of ['created', 'starting']) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = client.onContainerDidChange(({ info }) => { if (info?.name === 'early' && info.state === awaited) resolve(); });
      const child = start('run', '--name', 'early', image, 'sleep', '100');
      await Promise.race([promise, child.result.then(({ error }) => assert.fail(`It ended before it was ${awaited}: ${error}`))]);
      stop();
      child.kill(signal);
      assert.deepEqual(await child.result, { status, out: '', error: '' }, awaited);
      assert.deepEqual((await client.containers.list({ all: true })).filter(({ name }) => name === 'early'), []);
    }
  }
  client.close();
});

test('a killed host: the container is found again with its streams', async () => {
  assert.equal((await run('run', '-d', '--name', 'kept', image, 'sh', '-c', 'n=0; while :; do n=$((n+1)); echo $n; sleep 0.2; done')).status, 0);
  const client = await connect({ paths: new BerthPaths(env) });
  const { pid } = await client.system.status();
  process.kill(pid, 'SIGKILL');
  assert.match((await run('ls')).out, /Up .* kept/);
  assert.equal((await run('exec', 'kept', 'echo', 'alive')).out, 'alive\n');
  const numbers = (await run('logs', 'kept')).out.trim().split('\n').map(Number);
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1), 'nothing is missing and nothing is twice');
  assert.equal((await run('rm', '-f', 'kept')).status, 0);
});
