import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { stopHost } from '../contract/rpcHarness.ts';
import { startRegistry } from '../support/registry.ts';
import type { TestRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';

/* The README's example of the client library, as somebody else's program: its own directory, `berth` as a package. */

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
let directory: string;
let registry: TestRegistry;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ex-'));
  registry = await startRegistry();
  const [, example] = /## In your own programs[^]*?\n```ts\n([^]*?)\n```/.exec(await readFile(join(repository, 'README.md'), 'utf8')) ?? [];
  assert.ok(example, 'the README has an example');
  await writeFile(join(directory, 'example.ts'), example);
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  await mkdir(join(directory, 'node_modules'));
  await symlink(repository, join(directory, 'node_modules/berth'));
});

after(async () => {
  await registry.stop();
  await rm(directory, { recursive: true });
});

test('it has the types that it says', async () => {
  const tsc = join(repository, 'node_modules/.bin/tsc');
  await run(tsc, ['-b', join(repository, 'runtime-host/client')]);
  const strict = ['--noEmit', '--strict', '--target', 'ES2024', '--module', 'NodeNext', '--types', 'node', '--typeRoots', join(repository, 'node_modules/@types')];
  const check = (file: string): Promise<{ stdout: string }> => run(tsc, [...strict, '--ignoreConfig', file], { cwd: directory });
  try {
    await check('example.ts');
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout);
  }
  // The types are there at all: a mistake is one.
  await writeFile(join(directory, 'wrong.ts'), "import { connect } from 'berth/client';\n(await connect()).containers.create({ command: [1] });\n");
  await assert.rejects(check('wrong.ts'), (error: { stdout: string }) => /wrong\.ts\(2,.*TS2322/s.test(error.stdout));
});

test('it runs', async () => {
  const layout = join(directory, 'layout');
  buildBusyboxImage(layout);
  const image = await registry.push(layout, 'example/busybox:1');
  const env = { BERTH_ACCEL: 'tcg', ...process.env, BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run') };
  try {
    const { stdout, stderr } = await run(process.execPath, ['example.ts', image], { cwd: directory, env });
    assert.equal(stdout, 'hello\n { exitCode: 0 }\napple\npear\n { exitCode: 0 }\n');
    assert.match(stderr, /[0-9a-f]{12} created\n[^]*[0-9a-f]{12} running\n[^]*[0-9a-f]{12} removed\n/);
  } finally {
    await stopHost(new BerthPaths(env));
  }
});
