import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratchBerth } from './rpcHarness.ts';

/* What esbuild.mjs makes, as users run it; `npm test` has built it. */

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = `${root}dist/container.mjs`;

test('the command is linked for npx, and starts the bundled host', async (t) => {
  const berth = await scratchBerth(t);
  const link = `${root}node_modules/.bin/container`;
  assert.equal((await stat(link)).mode & 0o111, 0o111);
  const { stderr } = await run(link, ['system', 'start'], { env: berth.environment });
  assert.match(stderr, /is running \(process \d+\)/);
  const { stdout } = await run(link, ['system', 'status', '--format', 'json'], { env: berth.environment });
  const { pid } = JSON.parse(stdout) as { pid: number };
  const { stdout: processes } = await run('ps', ['-o', 'args=', '-p', String(pid)]);
  assert.ok(processes.includes(`${root}dist/host.mjs`), processes);
});

test('an old Node gets one sentence', async () => {
  const pretend = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.11.1"}})';
  await assert.rejects(run(process.execPath, ['--import', pretend, bundle, 'ls']), {
    code: 1, stdout: '', stderr: 'Error: container needs Node 22.15 or newer, and this is 20.11.1.\n',
  });
});
