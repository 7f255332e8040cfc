import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, repository } from './paths.mjs';
import { run, runForStatus, step } from './run.mjs';
import { writeVsix } from './vsix.mjs';

/** Builds vminitd and the initramfs, puts the prebuilt kernel beside them, and builds netd and shared. */
export async function buildGuest() {
  if ((await runForStatus('go', ['version']).catch(() => 1)) !== 0) {
    throw new Error('Go is missing. Install Go 1.26 or newer, see that “go version” answers, and try again.');
  }
  await step('Building the guest: vminitd, initramfs, kernel', () => run(pinnedNode, ['guest/vminitd/build.mjs']));
  await step('Building netd', () => run(pinnedNode, ['runtime-host/netd/build.mjs']));
  await step('Building shared', () => run(pinnedNode, ['runtime-host/shared/build.mjs']));
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
