import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { repository } from '../support/setup/paths.mjs';
import type { BrowserOptions, CodeServer } from '../support/vscodeSession.mjs';

export interface TestRun {
  /** Absolute path of a CommonJS file that exports `run()`, which VS Code's extension host calls. */
  readonly suite: string;
  /** Every line that the suite printed to its console. */
  readonly onOutput: (line: string) => void;
  /** 0 when `run()` was fulfilled. */
  readonly onExit: (status: number) => void;
}

/** Loads the extension from its folder and makes VS Code run a suite instead of waiting for a person. */
export function runInExtensionHost({ suite, onOutput, onExit }: TestRun): (server: CodeServer) => BrowserOptions {
  return (server) => ({
    prepare: async (context) => {
      await loadForTests(context, server.authority, suite);
      await context.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => onOutput(args.map(String).join(' ')));
      await context.exposeFunction('codeAutomationExit', onExit);
    },
  });
}

async function loadForTests(context: BrowserContext, authority: string, suite: string): Promise<void> {
  const uri = (path: string): object => ({ scheme: 'vscode-remote', authority, path });
  const developmentOptions = { extensions: [uri(repository)], extensionTestsPath: uri(suite) };
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

/** The suite of Berth's own tests. */
export const ownSuite = join(repository, 'test/e2e/suite/index.cjs');
