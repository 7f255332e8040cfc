/**
 * `npm start`: sets everything up and opens VS Code with Berth on a sample folder: the desktop's `code` where there is
 * one, else code-server on loopback. `npm start -- --check` does it without a person (check.mjs).
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { pinnedNode, repository } from './setup/paths.mjs';
import { run, step } from './setup/run.mjs';
import { prepareSample } from './setup/sample.mjs';
import { buildBundles, buildGuest, packageExtension } from './setup/setup.mjs';
import { ensureSystemPackages } from './setup/systemPackages.mjs';

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false }, port: { type: 'string', default: '0' } } });

const report = (line) => process.stderr.write(`  ${line}\n`);

async function main() {
  const desktop = options.check ? undefined : desktopCode();
  await ensureSystemPackages(['run', 'starterImage', ...(desktop ? [] : ['codeServer']), ...(options.check ? ['browser'] : [])]);
  await buildGuest();
  await buildBundles();
  const sample = await prepareSample({ directory: join(repository, 'out/sample'), starterImage: options.check, report });
  try {
    if (options.check) {
      const { check } = await import('./check.mjs');
      await check({ folder: sample.directory, vsix: await packageExtension(), report });
    } else if (desktop) {
      await openDesktop(desktop, sample.directory);
    } else {
      await serveBrowser(sample.directory);
    }
  } finally {
    await sample.dispose();
  }
}

/** The desktop's VS Code, when there is a desktop to show it on. */
function desktopCode() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return undefined;
  const name = process.platform === 'win32' ? 'code.cmd' : 'code';
  return (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path));
}

async function openDesktop(code, folder) {
  process.stderr.write('VS Code opens on the sample folder. Run “Berth: Open Folder in Container” there. This ends when its window closes.\n');
  await run(code, ['--new-window', '--wait', `--extensionDevelopmentPath=${repository}`, folder]);
}

/** code-server gets a HOME of its own; its window must still use the same Berth as the user's terminals. */
function usersBerth() {
  const script = "const { BerthPaths } = await import('./runtime-host/protocol/paths.ts'); const { home, runtime } = new BerthPaths(); console.log(JSON.stringify({ BERTH_HOME: home, BERTH_RUNTIME_DIR: runtime }));";
  return JSON.parse(execFileSync(pinnedNode, ['--input-type=module', '-e', script], { cwd: repository, encoding: 'utf8' }));
}

async function serveBrowser(folder) {
  const { startCodeServer } = await import('./vscodeSession.mjs');
  const vsix = await packageExtension();
  const server = await step('Starting VS Code for the browser', () =>
    startCodeServer({ vsix, port: Number(options.port), dataDirectory: join(repository, 'out/code-server'), environment: usersBerth(), report }));
  try {
    process.stdout.write(`\n${server.url(folder)}\n\nOpen it and run “Berth: Open Folder in Container”. Ctrl-C ends VS Code; containers go on.\n`);
    await new Promise((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
  } finally {
    await server.stop();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
