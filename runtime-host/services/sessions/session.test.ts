import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import { SessionStore } from '../../store/sessionStore.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import { Session } from './session.ts';

test('a process that outlives being hung up is killed, also when somebody looks meanwhile', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'session-'));
  context.after(() => rm(directory, { recursive: true }));
  const signals: number[] = [];
  const { promise: exited, resolve: exit } = Promise.withResolvers<void>();
  const attachment = {
    async *[Symbol.asyncIterator]() {
      await exited;
      yield { kind: 'exit', code: 137 };
    },
  };
  const guest = { attach: () => attachment, signal: (_id: string, signal: number) => { signals.push(signal); return Promise.resolve(); }, release: () => Promise.resolve() };
  const run = { guest, explained: <Answer>(answer: Promise<Answer>) => answer } as unknown as ContainerRun;
  const { promise: forgotten, resolve: forget } = Promise.withResolvers<void>();
  const record = { version: 1, id: 'one-session', command: ['sh'], startedAt: new Date(0).toISOString(), expireSeconds: 60 } as const;
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const session = await Session.open(record, { run, store: new SessionStore(directory), log: silentLogger, forgotten: () => forget() }, true);
  session.end();
  const { close } = session.attach();
  context.mock.timers.tick(10_000);
  assert.deepEqual(signals, [constants.signals.SIGHUP, constants.signals.SIGKILL]);
  close();
  exit();
  await forgotten;
});
