import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { collect, startVmHarness, type VmHarness } from '../support/vmHarness.ts';

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

/** A container that is used in a host that is killed then. */
async function usedInKilledHost(): Promise<string> {
  const spec = { image: berth.image, cpus: 1, memoryBytes: 256 * 1024 * 1024, command: ['sleep', '1000000'], stopTimeoutSeconds: 0 };
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'support', 'vmHostChild.ts'), JSON.stringify(spec), 'use'], { env: berth.environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let id = '';
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('id ')) id = line.slice(3);
    if (line === 'used') break;
  }
  child.kill('SIGKILL');
  await exited;
  return id;
}

test('a container stops without users, also when the host that knew them was killed', { timeout: 300_000 }, async (t) => {
  const id = await usedInKilledHost();
  const host = await berth.otherHost(undefined, undefined, { users: 0, orphans: 0 });
  t.after(async () => {
    await host.remove(id, { force: true });
    await host.dispose();
  });
  await host.wait(id);
  assert.equal((await host.inspect(id)).state, 'stopped', 'nobody came back');

  const again = await host.start(id);
  assert.equal(again.whenUnused, undefined, 'a wish is for one run');
  const [one, other] = [{}, {}];
  await host.uses.use(id, one, 'stop');
  await host.uses.use(id, other, 'stop');
  host.uses.gone(one);
  const { stdout } = await collect(id, await host.exec(id, { command: ['echo', 'still here'] }));
  assert.equal(stdout, 'still here\n');
  host.uses.gone(other);
  await host.wait(id);
  assert.equal((await host.inspect(id)).state, 'stopped');
});
