/*
 * `npm run test:desktop`: the extension-host suite in a desktop VS Code, which @vscode/test-electron downloads. Berth gets
 * a home of its own, so that nothing of the person's is touched.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { repository } from '../support/setup/paths.mjs';

const scratch = await mkdtemp(join(tmpdir(), 'berth-desktop-'));
const berth = { BERTH_HOME: join(scratch, 'home'), BERTH_RUNTIME_DIR: join(scratch, 'run') };
try {
  await runTests({
    extensionDevelopmentPath: repository,
    extensionTestsPath: join(repository, 'test', 'e2e', 'suite', 'index.cjs'),
    extensionTestsEnv: berth,
    launchArgs: [join(repository, 'test', 'support', 'sample'), '--disable-extensions', '--disable-workspace-trust'],
  });
} finally {
  execFileSync(process.execPath, [join(repository, 'dist/container.mjs'), 'system', 'stop'], { env: { ...process.env, ...berth } });
  await rm(scratch, { recursive: true, force: true });
}
