import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { collect, readUntil, startVmHarness, textOf, type VmHarness } from '../support/vmHarness.ts';

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

test('the exit status of the first process is the container’s', async () => {
  assert.equal((await berth.run(['true'])).exitCode, 0);
  assert.equal((await berth.run(['sh', '-c', 'exit 42'])).exitCode, 42);
});

test('a process that a signal ended has status 128 and the signal', async () => {
  const { id } = await berth.background();
  await berth.containers.signal(id, 'KILL');
  assert.deepEqual(await berth.containers.wait(id), { exitCode: 137 });
  await berth.containers.remove(id);
});

test('the process gets the environment, working directory, user and command line that were asked for', async () => {
  const script = 'echo "$PATH|$GREETING|$HOME|$(pwd)|$(id -u):$(id -g)|$(id -G)|$1|$(hostname)"; echo problem >&2; ulimit -n';
  const finished = await berth.run(['sh', '-c', script, 'sh', 'two  words'], {
    env: ['GREETING=hello=there'],
    workingDirectory: '/home/user',
    user: 'user',
  });
  const [first] = finished.stdout.split('\n');
  const groups = '1000 29';
  assert.equal(first, `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|hello=there|/home/user|/home/user|1000:1000|${groups}|two  words|${finished.id.slice(0, 12)}`);
  assert.equal(finished.stderr, 'problem\n');
  assert.equal(finished.exitCode, 0);
});

test('without input the process reads end of file', async () => {
  assert.deepEqual((await berth.run(['cat'])).exitCode, 0);
});

test('megabytes go in and come out unchanged', async () => {
  const data = randomBytes(8 * 1024 * 1024);
  const { id } = await berth.create({ command: ['sh', '-c', 'tee /tmp/copy | sha256sum >&2; cat /tmp/copy'], stdin: true, removeOnExit: true });
  const streams = await berth.containers.attach(id, { start: true });
  const hash = createHash('sha256');
  let length = 0;
  streams.stdout.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    length += chunk.length;
  });
  streams.stdin.end(data);
  const [sum, { exitCode }] = await Promise.all([textOf(streams.stderr), streams.exit]);
  assert.equal(exitCode, 0);
  assert.equal(length, data.length);
  assert.equal(hash.digest('hex'), sha256(data));
  assert.equal(sum.split(' ')[0], sha256(data));
});

test('a terminal echoes, has its size, is resized, and knows Ctrl-C', async () => {
  const { id } = await berth.create({ command: ['sh'], terminal: true, stdin: true, removeOnExit: true, size: { columns: 97, rows: 31 } });
  const streams = await berth.containers.attach(id, { start: true });
  streams.stdin.write('stty size; tty; echo $TERM; echo to-stderr >&2\n');
  const shown = await readUntil(streams.stdout, /to-stderr\r\n/);
  assert.match(shown, /31 97\r\n\/dev\/(pts\/\d|console)\r\nxterm-256color\r\n/);
  streams.resize({ columns: 120, rows: 40 });
  streams.stdin.write('until stty size | grep "^40 120"; do sleep 0.1; done\n');
  await readUntil(streams.stdout, /\n40 120\r\n/);
  // In a shell of its own, which has the terminal from before it speaks: Ctrl-C between `echo` and `sleep` is for the outer one.
  streams.stdin.write("sh -c 'echo begin; sleep 1000'\n");
  await readUntil(streams.stdout, /begin\r\n/);
  streams.stdin.write('\x03');
  streams.stdin.write('echo status $?\n');
  await readUntil(streams.stdout, /status 130\r\n/);
  streams.stdin.end('exit 7\n');
  const rest = textOf(streams.stdout);
  assert.equal((await streams.exit).exitCode, 7);
  await rest;
});

test('several processes run at once beside the first, each with its own streams', async () => {
  const { id } = await berth.background();
  const inputs = ['one', 'two', 'three', 'four'].map((text) => text.repeat(20_000));
  const finished = await Promise.all(inputs.map((input, index) => berth.exec(id, ['sh', '-c', `cat; echo $N >&2; exit ${index + 3}`], { input, env: [`N=${index}`] })));
  finished.forEach(({ stdout, stderr, exitCode }, index) => {
    assert.equal(sha256(stdout), sha256(inputs[index] ?? ''));
    assert.equal(stderr, `${index}\n`);
    assert.equal(exitCode, index + 3);
  });
  const terminal = await berth.containers.exec(id, { command: ['sh', '-c', 'stty size; read line; echo "got $line"'], terminal: true, stdin: true, size: { columns: 33, rows: 11 } });
  await readUntil(terminal.stdout, /11 33\r\n/);
  terminal.stdin.write('abc\n');
  await readUntil(terminal.stdout, /got abc\r\n/);
  assert.equal((await terminal.exit).exitCode, 0);
  await berth.containers.remove(id, { force: true });
});

test('a further process whose client does not read waits, and goes on when its client has gone', async () => {
  const { id } = await berth.background();
  const idle = await berth.containers.exec(id, { command: ['sh', '-c', 'head -c 20000000 /dev/zero; touch /tmp/done'] });
  // Nobody reads: the process stands, as what it has written does not grow any more, long before the end of its output.
  const written = 'pid=$(pidof head) && written=$(grep wchar /proc/$pid/io) && written=${written#* }';
  const stands = `before=0; until ${written} && [ "$written" -gt 1000000 ] && [ "$written" = "$before" ] || [ -e /tmp/done ]; do before=$written; sleep 0.2; done; echo $written`;
  const { stdout } = await berth.exec(id, ['sh', '-c', stands]);
  assert.ok(Number(stdout) > 0 && Number(stdout) < 10_000_000, `it has written ${stdout}`);
  assert.notEqual((await berth.exec(id, ['ls', '/tmp/done'])).exitCode, 0);
  idle.close();
  const waited = await berth.exec(id, ['sh', '-c', 'until [ -e /tmp/done ]; do sleep 0.1; done']);
  assert.equal(waited.exitCode, 0);
  await berth.containers.remove(id, { force: true });
});

test('commands that do not exist or cannot be executed, and unknown users, are refused by name', async () => {
  const { id } = await berth.background();
  await assert.rejects(berth.exec(id, ['nonsense']), { code: 'CommandNotFound', message: /“nonsense”/ });
  await assert.rejects(berth.exec(id, ['/etc/passwd']), { code: 'CommandNotExecutable', message: /“\/etc\/passwd”/ });
  await assert.rejects(berth.exec(id, ['true'], { user: 'ghost' }), { code: 'UserNotFound', message: /“ghost”/ });
  await assert.rejects(berth.exec(id, ['']), { code: 'CommandNotFound', message: /is empty/ });
  await berth.containers.remove(id, { force: true });
});

test('a working directory is made for the first process, and must be there for others', async () => {
  const { id } = await berth.background({ workingDirectory: '/made/here' });
  assert.equal((await berth.exec(id, ['pwd'])).stdout, '/made/here\n');
  assert.equal((await berth.exec(id, ['pwd'], { workingDirectory: '/tmp' })).stdout, '/tmp\n');
  const refused = (workingDirectory: string, why: RegExp): Promise<void> => assert.rejects(berth.exec(id, ['pwd'], { workingDirectory }), { code: 'CommandNotExecutable', message: why });
  await refused('/missing', /^The working directory “\/missing” cannot be used in the container: no such file or directory\.$/);
  await refused('/bin/sh', /not a directory/);
  assert.notEqual((await berth.exec(id, ['ls', '/missing'])).exitCode, 0);
  await berth.containers.remove(id, { force: true });
});

test('a further process has the user that was asked for', async () => {
  const { id } = await berth.background();
  const ids = async (user: string): Promise<string> => (await berth.exec(id, ['sh', '-c', 'echo $(id -u):$(id -g)'], { user })).stdout;
  assert.deepEqual([await ids(''), await ids('1234'), await ids('1234:5678')], ['0:0\n', '1234:0\n', '1234:5678\n']);
  await berth.containers.remove(id, { force: true });
});

test('the machine has the memory and the processors that were asked for', async () => {
  const mebibyte = 1024 ** 2;
  const { stdout } = await berth.run(['sh', '-c', 'nproc; grep MemTotal /proc/meminfo'], { cpus: 2, memoryBytes: 384 * mebibyte });
  const [processors, memory] = stdout.split('\n');
  assert.equal(processors, '2');
  const seen = (Number(/(\d+) kB/.exec(memory ?? '')?.[1]) * 1024) / mebibyte;
  // The kernel keeps some for itself.
  assert.ok(seen > 320 && seen <= 384, `${seen} MiB of 384`);
});

test('a start that fails leaves nothing behind and the container as it was', async () => {
  const { id } = await berth.create({ command: ['nonsense'] });
  await assert.rejects(berth.containers.start(id), { code: 'CommandNotFound' });
  assert.equal((await berth.containers.inspect(id)).state, 'created');
  assert.deepEqual((await berth.leftovers([id])).filter((left) => !left.endsWith(id)), []);
  await berth.containers.remove(id);
  const thrown = await berth.create({ command: ['/etc/passwd'], removeOnExit: true });
  await assert.rejects(berth.containers.attach(thrown.id, { start: true }), { code: 'CommandNotExecutable' });
  assert.deepEqual(await berth.leftovers([id, thrown.id]), []);
});

test('all who are attached see the same output, and their input is merged', async () => {
  const { id } = await berth.create({ command: ['cat'], stdin: true });
  const one = await berth.containers.attach(id, { start: true });
  one.stdin.write('first\n');
  await readUntil(one.stdout, /first\n/);
  const two = await berth.containers.attach(id);
  const all = await berth.containers.attach(id, { replay: true });
  two.stdin.write('second\n');
  assert.equal(await readUntil(two.stdout, /second\n/), 'second\n');
  await readUntil(one.stdout, /second\n/);
  two.close();
  const everything = textOf(all.stdout);
  const rest = textOf(one.stdout);
  one.stdin.end('third\n');
  assert.equal((await one.exit).exitCode, 0);
  assert.equal(await rest, 'third\n');
  assert.equal(await everything, 'first\nsecond\nthird\n');
  await berth.containers.remove(id);
});

test('logs: all of it, the last lines, and what is still to come', async () => {
  const { id } = await berth.create({ command: ['sh', '-c', 'for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; read line; echo "$line"; exit 3'], stdin: true });
  const streams = await berth.containers.attach(id, { start: true });
  await Promise.all([readUntil(streams.stdout, /out 5\n/), readUntil(streams.stderr, /err 5\n/)]);
  const read = async (options: { follow?: boolean; tail?: number }): Promise<{ stdout: string; stderr: string }> => {
    const text = { stdout: '', stderr: '' };
    for await (const { stream, data } of berth.containers.logs(id, options)) text[stream] += Buffer.from(data).toString();
    return text;
  };
  assert.deepEqual(await read({}), { stdout: 'out 1\nout 2\nout 3\nout 4\nout 5\n', stderr: 'err 1\nerr 2\nerr 3\nerr 4\nerr 5\n' });
  const following = read({ follow: true, tail: 0 });
  streams.stdin.end('the end\n');
  await collect(id, streams);
  assert.deepEqual(await following, { stdout: 'the end\n', stderr: '' });
  assert.deepEqual(await read({ tail: 1 }), { stdout: 'the end\n', stderr: '' });
  assert.deepEqual(await berth.containers.wait(id), { exitCode: 3 });
  await berth.containers.remove(id);
});

test('what is written to a stopped container’s disk is there when it is started again', async () => {
  const { id } = await berth.create({ command: ['sh', '-c', 'cat /data; date +%s > /data; echo again'] });
  await collect(id, await berth.containers.attach(id, { start: true }));
  const second = await collect(id, await berth.containers.attach(id, { start: true }));
  assert.match(second.stdout, /^\d+\nagain\n$/);
  await berth.containers.remove(id);
});

test('clients are told of each change, and nothing is left after removal', async () => {
  const seen: string[] = [];
  const stop = berth.containers.onDidChange(({ info }) => void seen.push(info ? info.state : 'removed'));
  const { id } = await berth.run(['true']);
  stop();
  assert.deepEqual(seen, ['created', 'starting', 'running', 'stopping', 'removed']);
  const kept = await berth.run(['true'], { keep: true });
  const info = await berth.containers.inspect(kept.id);
  assert.equal(info.state, 'stopped');
  assert.equal(info.exitCode, 0);
  assert.equal(info.vmPid, undefined);
  await berth.containers.remove(kept.id);
  assert.deepEqual(await berth.leftovers([id, kept.id]), []);
});

test('the guest’s clock is right', async () => {
  const before = Date.now() / 1000;
  const { stdout } = await berth.run(['date', '+%s']);
  assert.ok(Math.abs(Number(stdout) - before) < 20, stdout);
});

test('output of a busy process reaches a slow reader whole, and interactive work goes on beside it', async () => {
  const { id } = await berth.create({ command: ['sh', '-c', 'seq 1 400000; read line'], stdin: true, removeOnExit: true });
  const streams = await berth.containers.attach(id, { start: true });
  await once(streams.stdout, 'readable');
  assert.equal((await berth.exec(id, ['cat'], { input: 'x' })).stdout, 'x');
  streams.stdin.end('\n');
  const text = await textOf(streams.stdout);
  assert.equal(text.length, 2_688_895);
  assert.ok(text.endsWith('\n399999\n400000\n'));
  await streams.exit;
});

test('standard error and standard output end together with the stream', async () => {
  const { id } = await berth.create({ command: ['true'], removeOnExit: true });
  const streams = await berth.containers.attach(id, { start: true });
  streams.stdout.resume();
  streams.stderr.resume();
  await Promise.all([once(streams.stdout, 'end'), once(streams.stderr, 'end'), streams.exit]);
});
