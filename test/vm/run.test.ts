import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

test('the exit status of the first process is the container’s', async () => {
  assert.equal((await berth.run(['true'])).exitCode, 0);
  assert.equal((await berth.run(['false'])).exitCode, 1);
  assert.equal((await berth.run(['sh', '-c', 'exit 42'])).exitCode, 42);
});
