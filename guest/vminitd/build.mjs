// Builds the guest's side into dist/guest: vminitd (static), initramfs.cpio (which holds nothing but vminitd and the
// console's device node), and the prebuilt kernel with its provenance.
//
//   node guest/vminitd/build.mjs                  x86_64, what the runtime host uses
//   node guest/vminitd/build.mjs --arch arm64     only compiles, to prove that it can; writes dist/guest/vminitd-arm64
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { characterDevice, directory, file, newcArchive } from './newc.mjs';

const here = import.meta.dirname;
const repository = join(here, '..', '..');
const output = join(repository, 'dist', 'guest');
const { values: options } = parseArgs({ options: { arch: { type: 'string', default: 'amd64' } } });

mkdirSync(output, { recursive: true });
if (options.arch === 'amd64') {
  const vminitd = buildVminitd('amd64', join(output, 'vminitd'));
  replaceFile(join(output, 'initramfs.cpio'), initramfs(readFileSync(vminitd)));
  copyKernel();
} else {
  buildVminitd(options.arch, join(output, `vminitd-${options.arch}`));
}

/** Compiles unless the same inputs were compiled before, and returns the binary's path. */
function buildVminitd(architecture, target) {
  const version = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')).version;
  const flags = ['-trimpath', '-ldflags', `-s -w -buildid= -X main.version=${version}`];
  const environment = { CGO_ENABLED: '0', GOOS: 'linux', GOARCH: architecture, GOTOOLCHAIN: 'local' };
  const go = execFileSync('go', ['version'], { encoding: 'utf8' });
  const inputs = hash([go, JSON.stringify(flags), JSON.stringify(environment), ...sources().map(readSource)]);
  const stamp = `${target}.inputs`;
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return target;

  console.log(`Building vminitd ${version} for linux/${architecture}`);
  const fresh = `${target}.new`;
  execFileSync('go', ['build', ...flags, '-o', fresh, '.'], { cwd: here, stdio: 'inherit', env: { ...process.env, ...environment } });
  renameSync(fresh, target);
  writeFileSync(stamp, inputs);
  return target;
}

/** Everything that decides what the binary is, besides Go itself. */
function sources() {
  return readdirSync(here, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(\.go|\.s|^go\.mod|^go\.sum)$/.test(entry.name) && !entry.name.endsWith('_test.go'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readSource(path) {
  return `${relative(here, path)}\n${readFileSync(path, 'utf8')}`;
}

function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${Buffer.byteLength(part)}:`).update(part);
  return sum.digest('hex');
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
