/*
 * `npm run test:desktop`: the extension-host suite in a desktop VS Code, which @vscode/test-electron downloads.
 */
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { repositoryRoot } from '../support/codeServer.mjs';

await runTests({
  extensionDevelopmentPath: repositoryRoot,
  extensionTestsPath: join(repositoryRoot, 'test', 'e2e', 'suite', 'index.cjs'),
  launchArgs: [join(repositoryRoot, 'test', 'support', 'sample'), '--disable-extensions', '--disable-workspace-trust'],
});
