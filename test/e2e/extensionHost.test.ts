import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSandbox, startVisualStudioCode } from './fixture.ts';
import { ownSuite, runInExtensionHost } from './loadForTests.ts';

interface SuiteResult {
  readonly title: string;
  readonly passed: boolean;
  readonly error?: string;
}

test('the suite inside VS Code’s extension host', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.stop());
  const output: string[] = [];
  let exited: (code: number) => void = () => undefined;
  const exitCode = new Promise<number>((resolve) => { exited = resolve; });
  const code = await startVisualStudioCode({
    environment: sandbox.environment,
    browser: runInExtensionHost({ suite: ownSuite, onOutput: (line) => { output.push(line); }, onExit: (status) => exited(status) }),
  });
  t.after(() => code.stop());
  await code.workbench.page.goto(code.server.url(sandbox.folder));
  const status = await exitCode;
  await code.picture('extension-host');

  const line = output.find((entry) => entry.includes('berth-suite '));
  assert.ok(line, `The suite told no results. It printed:\n${output.join('\n')}`);
  const results = JSON.parse(line.slice(line.indexOf('berth-suite ') + 'berth-suite '.length)) as SuiteResult[];
  for (const figure of output.filter((entry) => entry.includes('berth-figure'))) t.diagnostic(figure);
  for (const result of results) {
    await t.test(result.title, () => { assert.ok(result.passed, result.error); });
  }
  assert.equal(status, 0);
  assert.ok(results.length > 0);
});
