import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, test } from 'node:test';
import { claimScript, doneScript, groupScript } from './markers.ts';

/* The scripts as this machine's sh understands them, which is dash or bash; in virtual machines it is BusyBox. */

let directory: string;
const running: ChildProcessWithoutNullStreams[] = [];
beforeEach(async () => (directory = join(await mkdtemp(join(tmpdir(), 'berth-markers-')), 'berth', 'lifecycle')));
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }));
  await rm(join(directory, '..', '..'), { recursive: true });
});

class Claimant {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;

  constructor(stage: string, once_ = 'container') {
    this.#child = spawn('/bin/sh', ['-c', claimScript, 'sh', directory, stage, once_]);
    running.push(this.#child);
    this.#exited = once(this.#child, 'close');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async says(): Promise<string | undefined> {
    const { value } = await this.#lines.next() as IteratorResult<string, undefined>;
    return value;
  }

  async succeeds(): Promise<string | undefined> {
    this.#child.stdin.end('succeeded\n');
    return this.says();
  }

  async hangsUp(): Promise<void> {
    this.#child.kill('SIGHUP');
    await this.#exited;
  }
}

function done(...stages: readonly string[]): string[] {
  const { stdout } = spawnSync('/bin/sh', ['-c', doneScript, 'sh', directory, ...stages], { encoding: 'utf8' });
  return stdout.trim().split('\n').filter((line) => !line.startsWith('boot '));
}

test('a stage that has been run is not run again, for whatever it was run', async () => {
  assert.deepEqual(done('onCreateCommand', 'container'), []);
  const claimant = new Claimant('onCreateCommand');
  assert.equal(await claimant.says(), 'mine');
  assert.equal(await claimant.succeeds(), 'noted');
  assert.deepEqual(done('onCreateCommand', 'container', 'postStartCommand', 'start'), ['done onCreateCommand']);
  assert.deepEqual(done('onCreateCommand', 'start'), []);
  assert.equal(await new Claimant('onCreateCommand').says(), 'done');
  assert.equal(await new Claimant('postCreateCommand').says(), 'mine');
});

test('one of many runs it, the others wait for its success', async () => {
  const first = new Claimant('postStartCommand', 'start');
  assert.equal(await first.says(), 'mine');
  const others = Array.from({ length: 5 }, () => new Claimant('postStartCommand', 'start'));
  for (const other of others) assert.equal(await other.says(), 'waiting');
  assert.equal(await first.succeeds(), 'noted');
  for (const other of others) assert.equal(await other.says(), 'done');
});

test('of many that wait for one that goes away without success, one runs it again', async () => {
  const first = new Claimant('onCreateCommand');
  assert.equal(await first.says(), 'mine');
  const others = Array.from({ length: 4 }, () => new Claimant('onCreateCommand'));
  for (const other of others) assert.equal(await other.says(), 'waiting');
  await first.hangsUp();
  const answers = others.map(async (other) => ({ other, said: await other.says() }));
  const next = await Promise.race(answers);
  assert.equal(next.said, 'mine');
  assert.equal(await next.other.succeeds(), 'noted');
  const rest = await Promise.all(answers.filter((_answer, index) => others[index] !== next.other));
  assert.deepEqual(rest.map(({ said }) => said), ['done', 'done', 'done']);
});

test('twenty at once: one', async () => {
  const claimants = Array.from({ length: 20 }, () => new Claimant('updateContentCommand'));
  const said = await Promise.all(claimants.map((claimant) => claimant.says()));
  assert.equal(said.filter((word) => word === 'mine').length, 1, said.join(' '));
});

test('a group ends as a whole when it is hung up, and tells its exit code when it is not', async () => {
  assert.equal(spawnSync('/bin/sh', ['-c', groupScript, 'sh', '/bin/sh', '-c', 'exit 7']).status, 7);
  const child = spawn('/bin/sh', ['-c', groupScript, 'sh', '/bin/sh', '-c', 'sleep 1000 & echo "child $!"; wait'], { detached: true });
  running.push(child);
  const exited = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string];
  child.kill('SIGHUP');
  await exited;
  // Its output closes when the last of the group has ended.
  await once(child.stdout, 'close');
  assert.match(line, /^child \d+$/);
});
