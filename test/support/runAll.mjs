/**
 * `npm test`: sets everything up, then runs every check and test, and ends with one line `N passed, N failed`.
 * A check without tests of its own (lint, types, generated code) counts as one test. Words after the command choose
 * stages: `npm test -- unit vm`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinnedNode } from './setup/paths.mjs';
import { runForStatus, step, toolEnvironment } from './setup/run.mjs';
import { buildBundles, buildGuest } from './setup/setup.mjs';
import { ensureSystemPackages } from './setup/systemPackages.mjs';

/** Generous limits, in seconds, so that what hangs is a failure with a name and not a run without an end. */
const testLimit = 300;
const stageLimit = 900;

const check = (command, ...args) => ({ command, args });
const tests = (concurrency, ...patterns) => ({ concurrency, patterns });

/** In the order in which they run: what is quick and most likely to fail comes first. */
const stages = {
  generated: check(pinnedNode, 'guest/vminitd/generate.mjs', '--check'),
  kernel: check(pinnedNode, 'guest/kernel/build.mjs', '--check-prebuilt'),
  types: check('tsc', '-b'),
  lint: check('eslint', '.'),
  go: check('go', '-C', 'guest/vminitd', 'vet', './...'),
  goUnit: check('go', '-C', 'guest/vminitd', 'test', './...'),
  netd: check('go', '-C', 'runtime-host/netd', 'vet', './...'),
  netdUnit: check('go', '-C', 'runtime-host/netd', 'test', './...'),
  shared: check('go', '-C', 'runtime-host/shared', 'vet', './...'),
  sharedUnit: check('go', '-C', 'runtime-host/shared', 'test', './...'),
  unit: tests(2, 'runtime-host/**/*.test.ts', 'extension/**/*.test.ts', 'guest/**/*.test.mjs'),
  devcontainer: tests(1, 'test/devcontainer/*.test.ts'),
  contract: tests(2, 'test/contract/**/*.test.ts'),
  vm: tests(1, 'test/vm/**/*.test.ts'),
  cli: tests(1, 'test/cli/*.test.ts'),
  e2e: tests(1, 'test/e2e/*.test.ts'),
};

async function setUp() {
  await ensureSystemPackages(['run', 'starterImage', 'codeServer', 'browser', 'test']);
  await buildGuest();
  await buildBundles();
}

async function runStage({ command, args, concurrency, patterns }) {
  if (command) {
    const status = await runForStatus(command, args, { limit: stageLimit });
    return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  }
  const result = await runNodeTests(patterns, concurrency);
  if (result.passed + result.failed === 0) throw new Error(`No tests ran for ${patterns.join(', ')}.`);
  return result;
}

async function runNodeTests(patterns, concurrency) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-totals-'));
  try {
    const totalsFile = join(directory, 'totals');
    const status = await runForStatus(
      pinnedNode,
      [
        '--test',
        `--test-concurrency=${concurrency}`,
        `--test-timeout=${testLimit * 1000}`,
        '--test-reporter=spec', '--test-reporter-destination=stdout',
        `--test-reporter=${join(import.meta.dirname, 'totalsReporter.mjs')}`, `--test-reporter-destination=${join(directory, 'report')}`,
        ...patterns,
      ],
      { env: toolEnvironment({ BERTH_TEST_TOTALS: totalsFile }), limit: stageLimit },
    );
    const totals = JSON.parse(await readFile(totalsFile, 'utf8').catch(() => '{"passed":0,"failed":1,"skipped":0}'));
    // A file that fails outside of any test leaves a bad status and no failed test.
    if (status !== 0 && totals.failed === 0) totals.failed = 1;
    return totals;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function main() {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !(name in stages));
  if (unknown.length > 0) throw new Error(`There is no stage ${unknown.join(', ')}. Stages: ${Object.keys(stages).join(', ')}.`);
  await setUp();
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, stage] of Object.entries(stages)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const result = await step(`Stage ${name}`, () => runStage(stage));
    for (const key of Object.keys(total)) total[key] += result[key];
    if (result.failed > 0) process.stderr.write(`✗ Stage ${name}: ${result.failed} failed\n`);
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
});
