import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '../../runtime-host/client/index.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { pinnedNode, repository } from '../support/setup/paths.mjs';
import { writeVsix } from '../support/setup/vsix.mjs';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';
import { startBrowser, startCodeServer, type Browser, type BrowserOptions, type CodeServer } from '../support/vscodeSession.mjs';
import { Workbench } from '../support/workbench.mjs';

const execute = promisify(execFile);
export const artifacts = join(repository, 'artifacts');

/** A Berth of its own: data, sockets, and the sample folder, which names an image of a registry of its own. */
export interface Sandbox {
  readonly registry: TestRegistry;
  /** The image that the sample names, as `localhost:PORT/berth/busybox:1`. */
  readonly image: string;
  /** An image of a few megabytes that takes its time to arrive. */
  readonly largeImage: string;
  /** Real path of the copy of the sample folder. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly paths: BerthPaths;
  /** Runs the `container` command and returns what it printed. */
  container(...args: string[]): Promise<string>;
  /** Replaces the sample's devcontainer.json. */
  configure(configuration: unknown): Promise<void>;
  stop(): Promise<void>;
}

export async function createSandbox(): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), 'bth-'));
  // A window that reloads may be away for long where machines are emulated.
  const environment = { BERTH_HOME: join(root, 'home'), BERTH_RUNTIME_DIR: join(root, 'run'), BERTH_UNUSED_SECONDS: '600' };
  const paths = new BerthPaths(environment);
  await mkdir(paths.runtime, { mode: 0o700 });
  const registry = await startRegistry();
  const layout = join(root, 'image');
  buildBusyboxImage(layout, { tag: 'one' });
  const image = await registry.push(layout, 'berth/busybox:1', 'one');
  buildBusyboxImage(layout, { tag: 'large', extraLayers: [[{ path: 'var/noise', content: randomBytes(4 * 1024 * 1024) }]] });
  const largeImage = await registry.push(layout, 'berth/large:1', 'large');
  const folder = join(root, 'sample');
  await cp(join(repository, 'test', 'support', 'sample'), folder, { recursive: true });
  const configure = (configuration: unknown): Promise<void> =>
    writeFile(join(folder, '.devcontainer', 'devcontainer.json'), typeof configuration === 'string' ? configuration : JSON.stringify(configuration, undefined, 2));
  await configure({ image, containerEnv: { GREETING: 'Ahoy' } });
  await mkdir(artifacts, { recursive: true });
  return {
    registry, image, largeImage, folder, environment, paths, configure,
    container: async (...args) => {
      const { stdout } = await execute(pinnedNode, [join(repository, 'dist', 'container.mjs'), ...args], { env: { ...process.env, ...environment } });
      return stdout;
    },
    stop: async () => {
      await stopHost(paths);
      await registry.stop();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Ends the runtime host with its machines, if one runs. */
export async function stopHost(paths: BerthPaths): Promise<void> {
  const host = await connect({ paths, start: false }).catch(() => undefined);
  if (!host) return;
  const closed = new Promise<void>((resolve) => host.onDidClose(resolve));
  await host.system.stop({ stopContainers: true });
  await closed;
}

/** VS Code in a browser, with Berth in it. */
export interface VisualStudioCode {
  readonly server: CodeServer;
  readonly browser: Browser;
  readonly workbench: Workbench;
  /** Saves a picture under artifacts/, to be looked at. */
  picture(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface VisualStudioCodeOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly vsix?: string;
  readonly asksForTrust?: boolean;
  /** Offers to open the folder in a container; tests of other things do without the notification. */
  readonly offersToOpen?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly browser?: (server: CodeServer) => BrowserOptions;
}

export async function startVisualStudioCode(options: VisualStudioCodeOptions): Promise<VisualStudioCode> {
  const server = await startCodeServer({ environment: options.environment, ...(options.vsix ? { vsix: options.vsix } : {}), asksForTrust: options.asksForTrust ?? false, userSettings: { ...userSettings, 'berth.offerToOpen': options.offersToOpen ?? false, ...options.settings }, report: (message) => process.stderr.write(`${message}\n`) });
  try {
    const browser = await startBrowser(options.browser?.(server) ?? {});
    browser.page.setDefaultTimeout(30_000);
    const workbench = new Workbench(browser.page);
    return {
      server, browser, workbench,
      picture: (name) => workbench.screenshot(join(artifacts, `${name}.png`)),
      stop: async () => {
        await browser.stop();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A terminal that takes the focus a moment after it has shown its prompt closes no palette that was opened meanwhile. */
const userSettings = { 'workbench.quickOpen.closeOnFocusLost': false };

/** Packages the extension as it would be published, from the bundles in dist/. */
export async function packageExtension(): Promise<string> {
  await mkdir(artifacts, { recursive: true });
  const vsix = join(artifacts, 'berth-under-test.vsix');
  await writeVsix(vsix);
  return vsix;
}
