// Builds shared, the program behind directories that can be taken away, into dist/shared/shared: static, without cgo, for linux/amd64:
// it looks directories up by system calls that only Linux has.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const here = import.meta.dirname;
const repository = join(here, '..', '..');
const output = join(repository, 'dist', 'shared');

mkdirSync(output, { recursive: true });
build(join(output, 'shared'));

/** Compiles unless the same inputs were compiled before. */
function build(target) {
  const version = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')).version;
  const flags = ['-trimpath', '-ldflags', `-s -w -buildid= -X main.version=${version}`];
  const environment = { CGO_ENABLED: '0', GOOS: 'linux', GOARCH: 'amd64', GOTOOLCHAIN: 'local' };
  const go = execFileSync('go', ['version'], { encoding: 'utf8' });
  const inputs = hash([go, JSON.stringify(flags), JSON.stringify(environment), ...sources().map(readSource)]);
  const stamp = `${target}.inputs`;
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return;

  console.log(`Building shared ${version} for linux/amd64`);
  const fresh = `${target}.new`;
  execFileSync('go', ['build', ...flags, '-o', fresh, '.'], { cwd: here, stdio: 'inherit', env: { ...process.env, ...environment } });
  renameSync(fresh, target);
  writeFileSync(stamp, inputs);
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
