/*
 * VS Code for machines without a desktop: code-server, kept in a package of its own (test/e2e) because it is large
 * and only the browser tests and `npm start` without a desktop need it.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pinnedNode, repository } from './setup/paths.mjs';

const packageRoot = join(repository, 'test', 'e2e');
const entryPoint = join(packageRoot, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
const stamp = join(packageRoot, 'node_modules', '.berth-installed');

/** The package that the pinned Node came in: it holds the C++ headers. */
function nodePackage() {
  const fromNode = createRequire(join(repository, 'node_modules', 'node', 'package.json'));
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return dirname(fromNode.resolve(`node-${platform}-${process.arch}/package.json`));
}

/**
 * Where code-server can be started from; installs it first when it is missing or its lock file has changed.
 * @param {(message: string) => void} [report] told what is going on, at each step and while a long one runs
 * @returns {Promise<{entryPoint: string, node: string}>}
 */
export async function ensureCodeServer(report = () => {}) {
  const wanted = readFileSync(join(packageRoot, 'package-lock.json'), 'utf8');
  const installed = existsSync(stamp) && existsSync(entryPoint) && readFileSync(stamp, 'utf8') === wanted;
  if (!installed) {
    report('Installing code-server (VS Code for the browser): about two minutes and 620 MB, once');
    rmSync(stamp, { force: true });
    await installPackages(report);
    writeFileSync(stamp, wanted);
  }
  return { entryPoint, node: pinnedNode };
}

/** Runs `npm ci` on Node 24, so that code-server's native modules are built for the Node that will load them. */
async function installPackages(report) {
  const headers = nodePackage();
  const artifacts = join(repository, 'artifacts');
  mkdirSync(artifacts, { recursive: true });
  const logFile = join(artifacts, 'code-server-install.log');
  const log = createWriteStream(logFile);
  const started = Date.now();
  const ticker = setInterval(() => report(`Installing code-server: ${Math.round((Date.now() - started) / 1000)} s so far`), 15_000);
  try {
    const child = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: packageRoot,
      env: {
        ...withoutOuterNpm(process.env),
        PATH: `${dirname(pinnedNode)}:${process.env['PATH'] ?? ''}`,
        npm_config_nodedir: headers,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`code-server could not be installed (npm ended with ${code}); see ${logFile}`);
  } finally {
    clearInterval(ticker);
    log.end();
  }
}

/** Under `npm test` the outer npm tells its children which Node it runs on, and code-server's set-up believes it. */
function withoutOuterNpm(environment) {
  const outer = /^npm_(node_execpath|execpath|command|lifecycle_|package_|config_(user_agent|local_prefix)$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !outer.test(name)));
}
