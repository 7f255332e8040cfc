import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { identifyProcess, isAlive } from './processIdentity.ts';

test('a process is itself, and nobody once it has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const identity = await identifyProcess(child.pid ?? 0);
  assert.ok(identity);
  assert.equal(await isAlive(identity), true);
  assert.equal(await isAlive({ ...identity, start: `${identity.start}0` }), false, 'another process with the same id');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await isAlive(identity), false);
});

test('there is no identity for an id that nobody has', async () => {
  assert.equal(await identifyProcess(2 ** 22 + 1), undefined);
});
