import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, repository } from './paths.mjs';
import { run, runForStatus, step } from './run.mjs';
import { writeVsix } from './vsix.mjs';

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

/** Builds vminitd and the initramfs, and puts the prebuilt kernel beside them. */
export async function buildGuest() {
  if ((await runForStatus('go', ['version']).catch(() => 1)) !== 0) {
    throw new Error('Go is missing. Install Go 1.26 or newer, see that “go version” answers, and try again.');
  }
  await step('Building the guest: vminitd, initramfs, kernel', () => run(pinnedNode, ['guest/vminitd/build.mjs']));
}

/** Builds the extension, host and CLI bundles. */
export async function buildBundles() {
  await step('Building the bundles', () => run(pinnedNode, ['esbuild.mjs']));
}

/** Makes the VSIX and returns its path. */
export async function packageExtension() {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const vsix = join(repository, `dist/berth-linux-x64-${version}.vsix`);
  await step('Packaging the extension', () => writeVsix(vsix));
  return vsix;
}
