import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { builtCommand } from '../bench/scratchBerth.ts';
import { temporaryDirectory } from '../support/imageStores.ts';

/* The benches work and say what they promise to; how good the figures are is not asked with amounts so small. */

const run = promisify(execFile);
const main = join(import.meta.dirname, '../bench/main.ts');

async function bench(name: string, ...options: string[]): Promise<Record<string, number>> {
  const { stdout } = await run(process.execPath, [main, name, '--json', ...options], { env: { BERTH_ACCEL: 'tcg', ...process.env } });
  const answer = JSON.parse(stdout) as { bench: string; figures: Record<string, number> };
  assert.equal(answer.bench, name);
  for (const [key, value] of Object.entries(answer.figures)) assert.ok(Number.isFinite(value), key);
  return answer.figures;
}

test('exec: latency of the command, of Node alone and of the client, and a pipe', async () => {
  const { execMs, nodeMs, clientExecMs, pipeMBps } = await bench('exec', '--runs', '1', '--megabytes', '3');
  assert.ok(execMs! > 0 && nodeMs! > 0 && clientExecMs! > 0 && pipeMBps! > 0);
});

test('memory: the host, and each container beyond its guest', async () => {
  const { hostMiB, perContainerMiB, qemuMiB, guestMiB } = await bench('memory', '--containers', '1');
  assert.ok(hostMiB! > 20 && qemuMiB! > guestMiB! && perContainerMiB! > 0);
});

test('net: both directions and requests, against QEMU’s own network', async () => {
  const { ratioOut, ratioIn, requestsPerSecond, firstConnectMs } = await bench('net', '--runs', '1', '--megabytes', '5');
  assert.ok(ratioOut! > 0 && ratioIn! > 0 && requestsPerSecond! > 0 && firstConnectMs! > 0);
});

test('soak: a short one leaves nothing', async () => {
  const { leaks, rounds, containersRun, processes, sockets, files } = await bench('soak', '--minutes', '0', '--containers', '2');
  assert.deepEqual({ leaks, rounds, containersRun, processes, sockets, files }, { leaks: 0, rounds: 1, containersRun: 2, processes: 0, sockets: 0, files: 0 });
});

test('mistakes: an unknown bench, a bad amount, and nothing built', async (t) => {
  await assert.rejects(run(process.execPath, [main, 'nothing']), { code: 2 });
  await assert.rejects(run(process.execPath, [main, 'exec', '--runs', 'many']), { code: 2 });
  const empty = await temporaryDirectory(t);
  assert.throws(() => builtCommand(empty), /container\.mjs.*initramfs\.cpio.*missing\. Run “npm run build” first/);
});
