/**
 * Compiles one of Berth's Go programs: static, without cgo, with the version of package.json. Used by the build scripts
 * beside the programs.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { repository } from './paths.mjs';

/**
 * Compiles unless the same inputs were compiled before; the binary appears under its name only when it is whole.
 * @param {string} directory of the program's main package and go.mod
 * @param {string} target the binary
 * @param {{ os?: string, architecture?: string }} [platform] as Go names them; default: linux/amd64
 * @returns {string} the binary
 */
export function buildGoProgram(directory, target, { os = 'linux', architecture = 'amd64' } = {}) {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const flags = ['-trimpath', '-ldflags', `-s -w -buildid= -X main.version=${version}`];
  const environment = { CGO_ENABLED: '0', GOOS: os, GOARCH: architecture, GOTOOLCHAIN: 'local' };
  const go = execFileSync('go', ['version'], { encoding: 'utf8' });
  const inputs = hash([go, JSON.stringify(flags), JSON.stringify(environment), ...sources(directory)]);
  const stamp = `${target}.inputs`;
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return target;

  console.log(`Building ${basename(directory)} ${version} for ${os}/${architecture}`);
  mkdirSync(dirname(target), { recursive: true });
  const fresh = `${target}.new`;
  execFileSync('go', ['build', ...flags, '-o', fresh, '.'], { cwd: directory, stdio: 'inherit', env: { ...process.env, ...environment } });
  renameSync(fresh, target);
  writeFileSync(stamp, inputs);
  return target;
}

/** Everything that decides what the binary is, besides Go itself: names and texts. */
function sources(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(\.go|\.s|^go\.mod|^go\.sum)$/.test(entry.name) && !entry.name.endsWith('_test.go'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${relative(directory, path)}\n${readFileSync(path, 'utf8')}`);
}

function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${Buffer.byteLength(part)}:`).update(part);
  return sum.digest('hex');
}
