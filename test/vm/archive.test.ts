import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from '../../runtime-host/client/index.ts';
import { startArchiveBerth, type ArchiveBerth } from '../support/archiveBerth.ts';
import { appeared } from '../support/vmHarness.ts';

/*
 * Files into and out of containers, from the command line to the disk; GNU tar and the container's own programs say what
 * is right. The tables of docker's rules are unit tests, here (cli/archive) and in the guest (internal/archive).
 */

let berth: ArchiveBerth;

before(async () => {
  berth = await startArchiveBerth();
}, { timeout: 120_000 });
after(() => berth.stop('one'));

const shell = (script: string): string => execFileSync('sh', ['-ec', script], { cwd: berth.directory, encoding: 'utf8' });

test('a running container', { timeout: 200_000 }, async () => {
  mkdirSync(join(berth.directory, 'shared'));
  await berth.must('run', '-d', '--name', 'one', '-v', `${berth.directory}/shared:/shared`, '-v', `${berth.directory}/shared:/locked:ro`, '--tmpfs', '/mem', berth.image, 'sleep', '1000000');
  const long = 'n'.repeat(200);
  shell(`mkdir -p tree/${long}/${long}; printf x > 'tree/with\nnewline'; printf deep > tree/${long}/${long}/ünï; ln tree/${long}/${long}/ünï tree/hard; ln -s /etc/passwd tree/link
    printf s > tree/script; chmod 750 tree/script; touch -d '2001-02-03 04:05:06' tree/script; truncate -s 30M tree/sparse; printf end >> tree/sparse; chown 1234:567 tree/script`);
  await berth.must('cp', 'tree', 'one:/copied');
  assert.match(await berth.must('exec', 'one', 'stat', '-c', '%u:%g %a %Y', '/copied/script'), new RegExp(`^0:0 750 ${Date.parse('2001-02-03T04:05:06') / 1000}\n`));
  assert.ok(Number((await berth.must('exec', 'one', 'du', '-k', '/copied/sparse')).split('\t')[0]) < 100, 'the hole stays one');
  await berth.must('cp', '-a', 'tree', 'one:/copied');
  assert.equal(await berth.must('exec', 'one', 'stat', '-c', '%u:%g', '/copied/tree/script'), '1234:567\n');
  await berth.must('cp', 'one:/copied/tree', 'back');
  const list = (path: string): string => shell(`cd ${path}; find . -not -type d -printf '%P|%y|%m|%s|%l|%n\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum`);
  assert.equal(list('back'), list('tree'));

  for (const [words, pattern] of [
    [['cp', 'tree', 'one:/etc/passwd'], /directory cannot be copied onto a file/], [['cp', 'tree/script', 'one:/no/where'], /no such file.*\/no\/where/],
    [['cp', 'one:/no/where', '.'], /no such file.*\/no\/where/], [['cp', 'tree/script', 'one:/locked/x'], /read-only/],
    [['cp', 'tree/script', 'one:/proc/x'], /kernel’s|kernel's/], [['cp', 'tree/script', 'nobody:/x'], /no container/],
  ] as const) {
    const { status, error } = await berth.container(...words);
    assert.equal(status, 1, words.join(' '));
    assert.match(error, pattern);
  }
  await berth.must('cp', 'tree/script', 'one:/shared/mine');
  assert.equal(shell('stat -c %u shared/mine'), `${process.getuid?.()}\n`);

  shell(`mkdir evil; printf x > evil/f; tar -cPf evil.tar --transform 's,evil/f,../../../shared/out,' evil/f`);
  const evil = await berth.typing(readFileSync(join(berth.directory, 'evil.tar')), 'cp', '-', 'one:/tmp');
  assert.match(evil.error, /leads out/);
  const piped = await berth.typing(execFileSync('tar', ['-c', '--owner=77:77', 'script'], { cwd: join(berth.directory, 'tree') }), 'cp', '-', 'one:/tmp');
  assert.equal(piped.status, 0, piped.error);
  assert.equal(await berth.must('exec', 'one', 'stat', '-c', '%u', '/tmp/script'), '77\n');
  const listed = execFileSync('tar', ['-t'], { input: (await berth.container('cp', 'one:/copied/tree/.', '-')).out, encoding: 'utf8' });
  assert.ok(listed.startsWith('./\n') && listed.includes('./script\n'), listed);

  await berth.must('exec', 'one', 'sh', '-c', 'echo x > /mem/hidden');
  await berth.must('export', '-o', 'root.tar', 'one');
  const names = shell('tar -tf root.tar').split('\n');
  for (const name of ['etc/passwd', 'copied/script', 'shared/', 'proc/', 'mem/']) assert.ok(names.includes(name), name);
  for (const name of names) assert.doesNotMatch(name, /^(proc|sys|dev|shared|mem)\/./);
  assert.equal(shell('tar -xOf root.tar copied/sparse | sha256sum'), shell('sha256sum < tree/sparse'));
});

test('a copy that is cancelled leaves nothing, and large ones need no memory', { timeout: 200_000 }, async () => {
  await berth.must('exec', 'one', 'truncate', '-s', '20G', '/endless');
  const child = berth.start('cp', 'one:/endless', 'endless');
  const ended = new Promise<number | null>((resolve) => child.once('exit', (status) => resolve(status)));
  await appeared(berth.directory, /^\.berth-/);
  child.kill('SIGINT');
  assert.equal(await ended, 130);
  assert.deepEqual(readdirSync(berth.directory).filter((name) => /endless|^\.berth/.test(name)), []);
  shell('head -c 200000000 /dev/urandom > large');
  await berth.must('cp', 'large', 'one:/large');
  await berth.must('cp', 'one:/large', 'large.back');
  assert.equal(shell('cmp large large.back'), '');
  const client = await connect({ paths: berth.paths, environment: berth.environment });
  const { pid } = await client.system.status();
  client.close();
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  assert.ok(peak < 400_000, `the host took ${peak} KiB`);
});
