import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, type HostConnection } from '../../runtime-host/client/index.ts';
import { BerthError, type ErrorCode } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import { stopHost } from '../contract/rpcHarness.ts';
import { checkOverlay } from '../support/checkDisks.ts';
import { seededRandom } from '../support/seededRandom.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/*
 * Two windows and two command lines that want different things of the same container at the same time. Whoever comes too
 * late hears a sentence that says so; nobody waits for ever, and in the end all have seen the same.
 */

const cli = fileURLToPath(new URL('../../runtime-host/cli/main.ts', import.meta.url));
const name = 'contested';
const rounds = 5;
const seed = Number(process.env['BERTH_TEST_SEED'] ?? Date.now() % 1_000_000);
const tooLate: readonly ErrorCode[] = ['ContainerNotFound', 'ContainerNotRunning', 'ContainerRunning', 'ContainerNameInUse'];

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

/** What one window knows of containers from events alone. */
class Window {
  readonly client: HostConnection;
  readonly known = new Map<string, ContainerInfo['state']>();

  constructor(client: HostConnection) {
    this.client = client;
    client.onContainerDidChange(({ id, info }) => void (info ? this.known.set(id, info.state) : this.known.delete(id)));
  }

  async does(action: string): Promise<void> {
    const { containers } = this.client;
    try {
      if (action === 'create') await containers.create({ image: berth.image, name, command: ['sleep', '1000'], cpus: 1, memoryBytes: 128 * 1024 ** 2 });
      else if (action === 'start') await containers.start(name);
      else if (action === 'stop') await containers.stop(name, { timeoutSeconds: 0 });
      else if (action === 'remove') await containers.remove(name, { force: true });
      else {
        const stream = await containers.exec(name, { command: ['true'] });
        stream.stdout.resume();
        stream.stderr.resume();
        await stream.status;
      }
    } catch (error) {
      assert.ok(error instanceof BerthError && tooLate.includes(error.code), `${action}: ${String(error)}`);
    }
  }
}

/** As a user types it; what comes too late fails with a sentence. */
async function types(...words: string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, [cli, ...words], { env: berth.environment }, (error, _stdout, stderr) => {
      if (error && !/is not running|is running|There is no container|There is already a container|already|has ended|is about to start/.test(stderr)) reject(new Error(`${words.join(' ')}: ${stderr}`));
      else resolve();
    });
  });
}

test(`two windows and two command lines at one container (seed ${seed})`, { timeout: 240_000 }, async (t) => {
  const { paths, environment } = berth;
  const random = seededRandom(seed);
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  const windows = [new Window(await connect({ paths, environment })), new Window(await connect({ paths, environment }))];
  t.after(async () => {
    for (const { client } of windows) client.close();
    await stopHost(paths);
  });
  const seen = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    await windows[0]?.does('create');
    for (const { id } of await windows[0]?.client.containers.list({ all: true }) ?? []) seen.add(id);
    await Promise.all([
      ...windows.flatMap((window) => [window.does(pick(['start', 'start', 'exec'])), window.does(pick(['start', 'stop', 'exec', 'create'])), window.does(pick(['stop', 'remove', 'exec']))]),
      types(pick(['start', 'stop', 'kill']), name),
      types('rm', ...(random() < 0.5 ? ['-f'] : []), name),
    ]);
    for (const { client, known } of windows) {
      // One that was killed may still be ending; when it has ended, nothing changes any more.
      for (const { id } of await client.containers.list()) if (known.get(id) === 'stopping') await client.containers.wait(id).catch(() => undefined);
      const listed = new Map((await client.containers.list({ all: true })).map(({ id, state }) => [id, state]));
      assert.deepEqual(known, listed, `round ${round}`);
    }
  }
  const [window] = windows;
  assert.ok(window);
  for (const { id } of await window.client.containers.list({ all: true })) {
    await window.client.containers.start(id);
    await window.client.containers.stop(id, { timeoutSeconds: 0 });
    await checkOverlay(paths.container(id).overlay, join(paths.home, 'raw'));
    await window.client.containers.remove(id);
  }
  for (const { client } of windows) client.close();
  await stopHost(paths);
  assert.deepEqual(await readdir(paths.containers), []);
  assert.deepEqual(await berth.leftovers([...seen]), []);
  assert.equal((await findProcesses([paths.home])).size, 0);
});
