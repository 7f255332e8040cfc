import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, repository } from './paths.mjs';
import { run, step } from './run.mjs';

/** Installs the npm packages of the lock file, unless that very lock file was installed before. */
export async function ensureNpmPackages() {
  const stamp = join(repository, 'node_modules/.berth-lock-hash');
  const wanted = createHash('sha256').update(readFileSync(join(repository, 'package-lock.json'))).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(pinnedNode)) return;
  await step('Installing npm packages', () => run('npm', ['ci', '--no-audit', '--no-fund']));
  if (!existsSync(pinnedNode)) {
    throw new Error('npm did not install the pinned Node. Run “npm ci --foreground-scripts” and see what it says.');
  }
  writeFileSync(stamp, wanted);
}
