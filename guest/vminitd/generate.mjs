// Generates both sides of the host↔guest contract (api/v1/guest.proto): Go for vminitd, JavaScript with
// declarations for the runtime host. `--check` changes nothing and exits 1 when the committed code differs.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const here = import.meta.dirname;
const repository = join(here, '..', '..');
const outputs = ['guest/vminitd/internal/gen/guestv1', 'runtime-host/guest/gen'];

const fresh = mkdtempSync(join(tmpdir(), 'berth-generate-'));
try {
  generateInto(fresh);
  if (process.argv.includes('--check')) check(fresh);
  else replace(fresh);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** Runs buf with this very Node and with Go's tools; `directory` becomes the root of the paths in buf.gen.yaml. */
function generateInto(directory) {
  const buf = join(repository, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  execFileSync(process.execPath, [buf, 'generate', '--output', directory], {
    cwd: here,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, GOTOOLCHAIN: 'local' },
  });
}

function replace(directory) {
  for (const output of outputs) {
    const target = join(repository, output);
    rmSync(target, { recursive: true, force: true });
    cpSync(join(directory, output), target, { recursive: true });
  }
}

function check(directory) {
  const differing = outputs.flatMap((output) => differences(join(directory, output), join(repository, output)));
  if (differing.length === 0) return;
  console.error(`Generated code is out of date; run \`npm run generate\` and commit:\n  ${differing.join('\n  ')}`);
  process.exitCode = 1;
}

/** Files of either tree that are missing from the other or differ, relative to the repository. */
function differences(expected, actual) {
  const names = new Set([...filesIn(expected), ...filesIn(actual)]);
  return [...names].sort()
    .filter((name) => contents(join(expected, name)) !== contents(join(actual, name)))
    .map((name) => relative(repository, join(actual, name)));
}

function filesIn(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

function contents(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
