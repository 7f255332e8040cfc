import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { repository } from '../support/setup/paths.mjs';
import { createSandbox, startVisualStudioCode } from './fixture.ts';

interface SuiteResult {
  readonly title: string;
  readonly passed: boolean;
  readonly error?: string;
}

/** Loads the extension from its folder and makes VS Code run the suite instead of waiting for a person. */
async function loadForTests(context: BrowserContext, authority: string): Promise<void> {
  const uri = (path: string): object => ({ scheme: 'vscode-remote', authority, path });
  const developmentOptions = { extensions: [uri(repository)], extensionTestsPath: uri(join(repository, 'test/e2e/suite/index.cjs')) };
  // The page carries its configuration in an attribute; rewriting the page itself would break its WebSockets.
  await context.addInitScript({
    content: `
      const original = Element.prototype.getAttribute;
      Element.prototype.getAttribute = function (name) {
        const value = original.call(this, name);
        if (this.id !== 'vscode-workbench-web-configuration' || name !== 'data-settings' || value === null) return value;
        return JSON.stringify({ ...JSON.parse(value), developmentOptions: ${JSON.stringify(developmentOptions)} });
      };`,
  });
}

test('the suite inside VS Code’s extension host', async (t) => {
  const sandbox = await createSandbox();
  t.after(() => sandbox.stop());
  const output: string[] = [];
  let exited: (code: number) => void = () => undefined;
  const exitCode = new Promise<number>((resolve) => { exited = resolve; });
  const code = await startVisualStudioCode({
    environment: sandbox.environment,
    browser: (server) => ({
      prepare: async (context) => {
        await loadForTests(context, server.authority);
        await context.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => { output.push(args.map(String).join(' ')); });
        await context.exposeFunction('codeAutomationExit', (status: number) => exited(status));
      },
    }),
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
