import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../../runtime-host/client/index.ts';
import { damagedSuffix, partialSuffix, removingSuffix, temporarySuffix, type BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { hasCode, processEnd, stopHost } from '../contract/rpcHarness.ts';
import { checkOverlay } from '../support/checkDisks.ts';
import { ContainerLoad } from '../support/containerLoad.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/*
 * The real host, killed again and again at random moments while clients keep it busy. BERTH_TEST_KILLS and
 * BERTH_TEST_SEED choose how often and when.
 */
const kills = Number(process.env['BERTH_TEST_KILLS'] ?? 10);
const seed = Number(process.env['BERTH_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

let berth: VmHarness;
before(async () => (berth = await startVmHarness({ BERTH_LOG_MAX_SIZE: '4k', BERTH_LOG_MAX_FILE: '8' })), { timeout: 120_000 });
after(() => berth.stop());

/** The process that holds the home's lock, once it is another one than the last. */
async function nextHost(paths: BerthPaths, last: number): Promise<number> {
  const watcher = watch(paths.home);
  try {
    for (;;) {
      const changed = new Promise((resolve) => watcher.once('change', resolve));
      const locks = (await readdir(paths.home)).filter((name) => /^host\.lock\.\d+$/.test(name));
      const number = Math.max(0, ...locks.map((name) => Number(name.split('.')[2])));
      const text = await readFile(`${paths.hostLock}.${number}`, 'utf8').catch(() => '{}');
      const { pid } = JSON.parse(text) as { pid?: number };
      if (pid !== undefined && pid !== last) return pid;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

/** A third of the kills hit a host that is just starting and adopting, the others one that works. */
function patience(): number {
  return random() < 0.33 ? random() * 700 : 700 + random() * 3500;
}

async function halfDone(paths: BerthPaths): Promise<string[]> {
  const entries = await readdir(paths.home, { recursive: true });
  return entries.filter((entry) => [temporarySuffix, partialSuffix, removingSuffix, damagedSuffix].some((suffix) => entry.endsWith(suffix)));
}

test(`${kills} kills of the host at random moments (seed ${seed}): nothing promised is lost, nothing is left behind`, { timeout: 60_000 + kills * 15_000 }, async (t) => {
  const { paths, environment, image } = berth;
  const load = new ContainerLoad({ paths, environment, image, random });
  t.after(() => stopHost(paths)); // Also when the test fails.
  const working = load.run(3);
  let pid = 0;
  for (let kill = 0; kill < kills; kill++) {
    pid = await nextHost(paths, pid);
    await delay(patience());
    process.kill(pid, 'SIGKILL');
    await processEnd(pid);
    if (load.problems.length > 0) break;
  }
  load.stop();
  await working;
  t.diagnostic(`seed ${seed}; answered: ${JSON.stringify(load.answered)}`);

  const client = await connect({ paths, environment });
  t.after(() => client.close());
  await load.verify(client);
  const containers = await client.containers.list({ all: true });
  for (const { id, name, command, removeOnExit } of containers) {
    await load.checkLog(client, name);
    await client.containers.start(id);
    if (removeOnExit) {
      // It may just remove itself.
      await client.containers.remove(id, { force: true }).catch(hasCode('ContainerNotFound'));
      continue;
    }
    await client.containers.stop(id, { timeoutSeconds: 0 });
    await checkOverlay(paths.container(id).overlay, join(paths.home, 'raw'));
    if (!command.join(' ').includes('exit')) await load.checkLog(client, name);
    await client.containers.remove(id);
  }
  client.close();
  await stopHost(paths);
  assert.deepEqual(load.problems, []);
  assert.deepEqual(await halfDone(paths), []);
  assert.deepEqual(await readdir(paths.containers), []);
  assert.deepEqual(await readdir(paths.runtime), []);
  assert.equal((await findProcesses([paths.home])).size, 0);
  assert.deepEqual((await readdir(paths.home)).filter((name) => name.startsWith(basename(paths.hostLock))).length, 1);
});
