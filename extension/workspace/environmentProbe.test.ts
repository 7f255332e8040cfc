import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { HostStream } from '../../runtime-host/client/index.ts';
import type { ContainerInfo, ExecOptions } from '../../runtime-host/protocol/types.ts';
import { mergePaths, probeCommand, readProbe } from './environmentProbe.ts';
import { EnvironmentProbes } from './environmentProbes.ts';

describe('the environment of a user’s shell', () => {
  it('is told by the shell, whatever its start files print', () => {
    const [file = '', ...words] = probeCommand('loginShell');
    const { stdout } = spawnSync(file, words, { env: { ...process.env, ODD: 'two\nlines=1', PATH: `${process.env['PATH']}:/opt/extra` } });
    const found = readProbe(`Welcome!\n${stdout.toString()}bye`, ['PATH=/from/container:/usr/bin']);
    assert.ok(found.includes('ODD=two\nlines=1'));
    assert.ok(!found.some((entry) => /^(?:PWD|SHLVL|_)=/.test(entry)));
    assert.match(found.find((entry) => entry.startsWith('PATH=')) ?? '', /(?:^PATH=|:)\/from\/container:/);
  });

  it('is nothing when the shell has ended before it told all', () => {
    const [file = '', ...words] = probeCommand('loginShell');
    const whole = spawnSync(file, words).stdout.toString();
    for (const part of ['', 'Welcome!', whole.slice(0, -1), whole.slice(0, 40)]) assert.throws(() => readProbe(part, []), { code: 'GuestFailed' });
  });

  it('gets those directories of the container’s PATH that the start files have left out', () => {
    assert.equal(mergePaths('/usr/bin:/bin', '/usr/local/go/bin:/usr/bin:/opt/x:/bin', false), '/usr/local/go/bin:/usr/bin:/opt/x:/bin');
    assert.equal(mergePaths('/home/a/bin:/usr/bin', '/usr/local/sbin:/usr/bin:/sbin', false), '/home/a/bin:/usr/bin');
    assert.equal(mergePaths('/usr/bin', '/usr/local/sbin:/usr/bin:/sbin', true), '/usr/local/sbin:/usr/bin:/sbin');
  });
});

const container = { id: 'c', name: 'c', startedAt: 'then', env: [] } as unknown as ContainerInfo;
const answer = spawnSync('/bin/sh', probeCommand('loginShell').slice(1), { env: { PATH: '/bin:/usr/bin', A: '1' } }).stdout;

function streamOf(output: Buffer | undefined): HostStream {
  const stdout = new PassThrough();
  const { promise: status, resolve } = Promise.withResolvers<{ exitCode: number }>();
  if (output) stdout.end(output);
  const end = (): void => {
    stdout.end();
    resolve({ exitCode: 0 });
  };
  if (output) resolve({ exitCode: 0 });
  return { stdout, stderr: new PassThrough().end(), status, close: end } as unknown as HostStream;
}

describe('asking a shell', () => {
  it('happens once for each start, user and kind', async () => {
    const asked: ExecOptions[] = [];
    const probes = new EnvironmentProbes({ exec: async (_id, process) => { asked.push(process); return streamOf(answer); }, notice: assert.fail });
    const options = { probe: 'loginShell', user: 'dev' } as const;
    const both = await Promise.all([probes.of(container, options), probes.of(container, options)]);
    assert.ok(both.every((environment) => environment.includes('A=1')));
    assert.deepEqual(asked.map(({ user, hangUp }) => [user, hangUp]), [['dev', true]]);
    await probes.of(container, { ...options, user: '' });
    await probes.of({ ...container, startedAt: 'now' }, options);
    assert.equal(asked.length, 3);
    assert.deepEqual(await probes.of(container, { ...options, probe: 'none' }), []);
    assert.equal(asked.length, 3);
  });

  it('that does not answer in time is noted, once, and is no error', async () => {
    const notices: string[] = [];
    const probes = new EnvironmentProbes({ exec: async () => streamOf(undefined), notice: (sentence) => notices.push(sentence), limitMilliseconds: 20 });
    const options = { probe: 'interactiveShell', user: '' } as const;
    assert.deepEqual(await probes.of(container, options), []);
    assert.deepEqual(await probes.of(container, options), []);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /userEnvProbe “interactiveShell”.*did not end within 0\.02 seconds/);
  });

  it('is tried again when it was the connection that failed', async () => {
    let calls = 0;
    const probes = new EnvironmentProbes({ exec: async () => {
      calls += 1;
      if (calls === 1) throw new Error('lost');
      return streamOf(answer);
    }, notice: () => undefined });
    const options = { probe: 'loginShell', user: '' } as const;
    assert.deepEqual(await probes.of(container, options), []);
    assert.ok((await probes.of(container, options)).includes('A=1'));
  });
});
