/**
 * `node test/support/bootstrap.mjs SCRIPT ARGUMENT…`: installs the npm packages, the pinned Node among them, and runs
 * test/support/SCRIPT.mjs on that. This file and what it imports must be readable by every Node from 20.11 on; nothing else need.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);

async function main([script, ...args]) {
  if (major < 20 || (major === 20 && minor < 11)) {
    throw new Error(`Berth's scripts need Node 20.11 or newer to start with; this is ${process.version}.`);
  }
  const { ensureNpmPackages } = await import('./setup/npmPackages.mjs');
  const { pinnedNode, repository } = await import('./setup/paths.mjs');
  await ensureNpmPackages();
  const child = spawn(pinnedNode, [join(repository, `test/support/${script}.mjs`), ...args], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; this one waits for the other to clear up.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.exitCode = code ?? 128 + constants.signals[signal];
      resolve();
    });
  });
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
