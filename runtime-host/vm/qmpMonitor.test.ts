import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QmpClient, QmpEvent } from './qmp.ts';
import { QmpMonitor } from './qmpMonitor.ts';

/** Tells of STOP and RESUME before it answers, as QEMU does. */
function machine(status: string): { readonly client: QmpClient; readonly commands: string[]; tell(event: QmpEvent): void } {
  const commands: string[] = [];
  let listener: (event: QmpEvent) => void = () => undefined;
  const answers: Record<string, unknown> = { 'query-status': { status }, 'query-block': [{ 'io-status': 'nospace' }] };
  const client = {
    execute: async (command: string) => {
      commands.push(command);
      if (command === 'stop') listener({ name: 'STOP', data: undefined });
      if (command === 'cont') listener({ name: 'RESUME', data: undefined });
      return answers[command];
    },
    onEvent: (given: typeof listener) => (listener = given),
    close: () => undefined,
    closed: new Promise<void>(() => undefined),
  };
  return { client: client as unknown as QmpClient, commands, tell: (event) => listener(event) };
}

test('a nudge stops a machine and lets it go on, and is no pause', async () => {
  const qemu = machine('running');
  const monitor = new QmpMonitor(Promise.resolve(qemu.client));
  const seen: unknown[] = [];
  monitor.onPauseChanged = () => seen.push(monitor.pause);
  await monitor.nudge();
  assert.deepEqual(qemu.commands, ['query-status', 'query-status', 'stop', 'cont']);
  assert.ok(seen.every((pause) => pause === undefined), 'nobody has seen a pause');
  qemu.tell({ name: 'BLOCK_IO_ERROR', data: { action: 'stop', nospace: true, reason: 'No space left on device' } });
  qemu.tell({ name: 'STOP', data: undefined });
  assert.deepEqual(monitor.pause, { isDiskFull: true, reason: 'No space left on device' }, 'a later pause is one');
});

test('a machine that waits for its disk is not nudged', async () => {
  const qemu = machine('io-error');
  await new QmpMonitor(Promise.resolve(qemu.client)).nudge();
  assert.ok(!qemu.commands.includes('cont'));
});
