// Builds the guest's side into dist/guest: vminitd (static), initramfs.cpio (which holds nothing but vminitd and the
// console's device node), and the prebuilt kernel with its provenance.
//
//   node guest/vminitd/build.mjs                  x86_64, what the runtime host uses
//   node guest/vminitd/build.mjs --arch arm64     only compiles, to prove that it can; writes dist/guest/vminitd-arm64
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildGoProgram } from '../../test/support/setup/goProgram.mjs';
import { characterDevice, directory, file, newcArchive } from './newc.mjs';

const here = import.meta.dirname;
const repository = join(here, '..', '..');
const output = join(repository, 'dist', 'guest');
const { values: options } = parseArgs({ options: { arch: { type: 'string', default: 'amd64' } } });

mkdirSync(output, { recursive: true });
if (options.arch === 'amd64') {
  const vminitd = buildGoProgram(here, join(output, 'vminitd'));
  replaceFile(join(output, 'initramfs.cpio'), initramfs(readFileSync(vminitd)));
  copyKernel();
} else {
  buildGoProgram(here, join(output, `vminitd-${options.arch}`), { architecture: options.arch });
}

/** The kernel opens /dev/console for its first process before that process could mount anything. */
function initramfs(vminitd) {
  return newcArchive([
    file('init', 0o755, vminitd),
    directory('dev', 0o755),
    characterDevice('dev/console', 0o600, 5, 1),
  ]);
}

function copyKernel() {
  const prebuilt = join(repository, 'guest', 'kernel', 'prebuilt', 'x86_64');
  copyFileSync(join(prebuilt, 'vmlinux.zst'), join(output, 'vmlinux.zst'));
  copyFileSync(join(prebuilt, 'provenance.json'), join(output, 'kernel.json'));
}

function replaceFile(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
