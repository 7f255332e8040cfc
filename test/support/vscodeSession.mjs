/*
 * A real VS Code (code-server) and a real browser (headless Chromium) for one run, both with fresh data, and Berth
 * installed or loaded from its folder. Used by the browser tests and by `npm start -- --check`.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureCodeServer } from './codeServer.mjs';

/** Without these VS Code greets: Restricted Mode, a welcome tab, a chat side bar, prompts. */
const settings = {
  'workbench.startupEditor': 'none',
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'terminal.integrated.gpuAcceleration': 'off',
  'task.problemMatchers.neverPrompt': true,
  'remote.autoForwardPorts': false,
  'git.openRepositoryInParentFolders': 'never',
};

/**
 * @typedef {object} CodeServerOptions
 * @property {string} [vsix] a packaged extension to install
 * @property {NodeJS.ProcessEnv} [environment] added to the server's, and so to the extension's and the host's
 * @property {Record<string, unknown>} [userSettings] added to the user's settings
 * @property {string} [dataDirectory] where its data lives and stays; default: a temporary folder that goes away
 * @property {number} [port] default: a free one
 * @property {boolean} [asksForTrust] VS Code treats folders as untrusted until the person says otherwise
 * @property {(message: string) => void} [report]
 *
 * @typedef {object} CodeServer
 * @property {string} origin such as `http://127.0.0.1:40123`
 * @property {string} authority such as `127.0.0.1:40123`
 * @property {string} home the HOME of everything that runs in it
 * @property {(folder?: string) => string} url the address that opens a folder
 * @property {() => Promise<void>} stop ends the server and everything it started in its process group
 */

/**
 * Starts code-server on loopback.
 * @param {CodeServerOptions} [options]
 * @returns {Promise<CodeServer>}
 */
export async function startCodeServer(options = {}) {
  const { entryPoint, node } = await ensureCodeServer(options.report);
  const home = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'berth-vscode-')));
  const removeHome = async () => {
    if (!options.dataDirectory) await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await mkdir(join(home, 'data', 'User'), { recursive: true });
    await writeFile(join(home, 'data', 'User', 'settings.json'), JSON.stringify({ ...settings, 'security.workspace.trust.enabled': options.asksForTrust ?? false, ...options.userSettings }, undefined, 2));
    await writeFile(join(home, 'config.yaml'), '');
    const directories = ['--config', join(home, 'config.yaml'), '--user-data-dir', join(home, 'data'), '--extensions-dir', join(home, 'extensions')];
    const environment = serverEnvironment(home, options.environment);
    if (options.vsix) await installExtension(node, [entryPoint, ...directories, '--install-extension', options.vsix, '--force'], environment);
    const server = spawn(node, [
      entryPoint, ...directories, '--bind-addr', `127.0.0.1:${options.port ?? 0}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check',
      '--disable-getting-started-override', '--ignore-last-opened', ...(options.asksForTrust ? [] : ['--disable-workspace-trust']),
    ], { env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const origin = await listeningOrigin(server);
    return {
      origin,
      authority: new URL(origin).host,
      home,
      url: (folder) => (folder === undefined ? `${origin}/?ew=true` : `${origin}/?folder=${encodeURIComponent(folder)}`),
      stop: async () => {
        await endGroup(server);
        await removeHome();
      },
    };
  } catch (error) {
    await removeHome();
    throw error;
  }
}

/**
 * @typedef {object} BrowserOptions
 * @property {{width: number, height: number}} [viewport]
 * @property {(context: import('playwright-core').BrowserContext) => Promise<void>} [prepare] called before any page loads
 */

/**
 * Starts headless Chromium with a profile of its own.
 * @param {BrowserOptions} [options]
 * @returns {Promise<{context: import('playwright-core').BrowserContext, page: import('playwright-core').Page, stop(): Promise<void>}>}
 */
export async function startBrowser(options = {}) {
  const { chromium } = await import('playwright-core');
  const profile = await mkdtemp(join(tmpdir(), 'berth-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env['BERTH_CHROMIUM'] ?? '/usr/bin/chromium',
    viewport: options.viewport ?? { width: 1280, height: 800 },
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
  try {
    await options.prepare?.(context);
  } catch (error) {
    await context.close();
    throw error;
  }
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    stop: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Nothing of the person's own VS Code leaks into the test's, and no gallery is asked. */
function serverEnvironment(home, extra = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|CODE_SERVER_|XDG_)/.test(name) && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(inherited), HOME: home, EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...extra };
}

async function installExtension(node, args, environment) {
  const child = spawn(node, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => { output += chunk; });
  child.stderr.on('data', (chunk) => { output += chunk; });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The extension could not be installed (status ${code}):\n${output}`);
}

/** The server says where it listens in its first lines. */
async function listeningOrigin(server) {
  let output = '';
  server.stderr.on('data', (chunk) => { output += chunk; });
  const lines = createInterface({ input: server.stdout });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      output += `${line}\n`;
      const found = /listening on (http:\/\/[\d.:]+)/i.exec(line);
      if (found) resolve(found[1]);
    });
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`code-server ended with ${code}:\n${output}`)));
  });
}

/** Asks the process group to end, and makes it when it does not within five seconds. */
async function endGroup(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const closed = new Promise((resolve) => server.once('close', resolve));
  process.kill(-server.pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-server.pid, 'SIGKILL'), 5_000);
  await closed;
  clearTimeout(timer);
}
