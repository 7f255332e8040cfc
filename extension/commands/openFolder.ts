import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { minimumMemoryBytes, type ContainerInfo, type ContainerSpec } from '../../runtime-host/protocol/types.ts';
import { abortSignal } from '../cancellation.ts';
import { configurationHash } from '../config/devcontainer.ts';
import { readFolderConfig, type FolderConfig } from '../config/folderConfig.ts';
import type { Services } from '../context.ts';
import { describe, isCancellation, type ErrorReporter } from '../errors.ts';
import { ProgressBar } from '../host/progress.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { containerName } from '../views/format.ts';
import { configurationLabel, workspaceLabel } from '../windowContainer.ts';
import { chooseFolder } from './chooseFolder.ts';
import { chooseImage } from './chooseImage.ts';
import { allowMounts } from './allowMounts.ts';

/** Stays until the container is stopped, and then ends at once; needs nothing of the image but a shell and sleep. */
const keepAlive = ['/bin/sh', '-c', 'trap "exit 0" TERM INT QUIT; while :; do sleep 3600 & wait $!; done'];

/** “Open Folder in Container”: from a folder to a terminal in its own machine. */
export class OpenFolderCommand {
  readonly #services: Services;
  readonly #terminals: ContainerTerminals;
  readonly #errors: ErrorReporter;
  #busy = false;

  constructor(services: Services, terminals: ContainerTerminals, errors: ErrorReporter) {
    this.#services = services;
    this.#terminals = terminals;
    this.#errors = errors;
  }

  async run(options: { image?: string } = {}): Promise<void> {
    if (this.#busy) {
      void vscode.window.showInformationMessage('A container for this window is being prepared already.');
      return;
    }
    this.#busy = true;
    try {
      await this.#run(options);
    } catch (error) {
      this.#errors.report(error, {
        retry: () => this.run(options),
        chooseImage: async () => {
          const image = await chooseImage(this.#services, { always: true });
          if (image !== undefined) await this.run({ image });
        },
      });
    } finally {
      this.#busy = false;
    }
  }

  async #run(options: { image?: string }): Promise<void> {
    const folder = await chooseFolder(this.#services);
    if (folder === undefined) return;
    const config = await readFolderConfig(folder);
    if (!(await allowMounts(this.#services, folder, config.mounts))) return;
    await this.#services.session.connect();

    const existing = options.image === undefined ? await this.#reusable(folder, config) : this.#services.window.forFolder(folder);
    if (existing === 'abandon') return;
    const reuse = options.image === undefined ? existing : undefined;
    const image = reuse?.image ?? options.image ?? config.image ?? (await chooseImage(this.#services));
    if (image === undefined) return;
    const container = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Opening ${basename(folder)} in a container`, cancellable: true },
      async (progress, token) => {
        const abort = abortSignal(token);
        try {
          const client = await this.#services.session.connect();
          const bar = new ProgressBar(progress);
          if (reuse) return await this.#start(client, reuse, bar, 0, abort.signal);
          return await this.#create(client, { folder, config, image, ...(existing ? { replaces: existing } : {}) }, bar, abort.signal);
        } finally {
          abort.dispose();
        }
      },
    );
    if (!reuse || !this.#terminals.reveal(container)) await this.#terminals.openShell(container);
    if (!reuse) this.#tellIgnored(config);
  }

  /** The folder's container if it still fits its configuration, or if the user wants it all the same. */
  async #reusable(folder: string, config: FolderConfig): Promise<ContainerInfo | undefined | 'abandon'> {
    const existing = this.#services.window.forFolder(folder);
    if (!existing) return undefined;
    const hash = configurationHash(config, config.image ?? existing.labels['berth.image'] ?? existing.image);
    if (existing.labels[configurationLabel] === hash) return existing;
    const answer = await vscode.window.showWarningMessage(
      `The configuration of “${basename(folder)}” has changed since its container was made.`,
      { modal: true, detail: 'Making the container anew loses what was changed inside it. The folder itself is not touched.' },
      'Make Anew', 'Use As It Is',
    );
    if (answer === 'Use As It Is') return existing;
    if (answer !== 'Make Anew') return 'abandon';
    const client = await this.#services.session.connect();
    await client.containers.remove(existing.id, { force: true });
    return undefined;
  }

  async #create(
    client: BerthClient,
    { folder, config, image, replaces }: { folder: string; config: FolderConfig; image: string; replaces?: ContainerInfo },
    bar: ProgressBar,
    signal: AbortSignal,
  ): Promise<ContainerInfo> {
    if (replaces) await client.containers.remove(replaces.id, { force: true });
    bar.message(`Preparing ${image}…`);
    const taken = new Set(this.#services.session.containers.map((container) => container.name));
    const spec = containerSpec(folder, config, image, containerName(basename(folder), taken));
    this.#services.log.info(`Creating the container “${spec.name ?? ''}” from ${image} for ${folder}.`);
    const container = await client.containers.create(spec, { signal, progress: bar.share(0, 85) });
    try {
      return await this.#start(client, container, bar, 85, signal);
    } catch (error) {
      // A container that never ran is of no use to anybody.
      await client.containers.remove(container.id, { force: true }).catch((failure: unknown) => {
        this.#services.log.error(`The container that did not start could not be removed: ${describe(failure)}`);
      });
      throw error;
    }
  }

  async #start(client: BerthClient, container: ContainerInfo, bar: ProgressBar, from: number, signal: AbortSignal): Promise<ContainerInfo> {
    if (container.state === 'running') return container;
    bar.message('Starting the machine…');
    const started = Date.now();
    const running = await client.containers.start(container.id, { signal, progress: bar.share(from, 100) });
    this.#services.log.info(`“${running.name}” started in ${Date.now() - started} ms.`);
    return running;
  }

  #tellIgnored(config: FolderConfig): void {
    if (config.ignored.length === 0 || config.file === undefined) return;
    const { file } = config;
    const text = `Berth does not act on ${config.ignored.map((name) => `“${name}”`).join(', ')} in devcontainer.json yet.`;
    this.#services.log.warn(text);
    vscode.window.showInformationMessage(text, 'Open File').then(
      (answer) => { if (answer) void vscode.window.showTextDocument(vscode.Uri.file(file)); },
      (error: unknown) => { if (!isCancellation(error)) this.#services.log.error(describe(error)); },
    );
  }
}

/** What the host is asked for: the folder, what its configuration grants, and nothing else. */
function containerSpec(folder: string, config: FolderConfig, image: string, name: string): ContainerSpec {
  const settings = vscode.workspace.getConfiguration('berth');
  const memory = settings.get<number>('memory', 2048);
  const cpus = settings.get<number | null>('cpus', null);
  const least = minimumMemoryBytes / 1024 ** 2;
  if (!(memory >= least)) throw new BerthError('InvalidArgument', `The setting “berth.memory” must be at least ${least} (megabytes).`);
  return {
    image,
    name,
    entrypoint: keepAlive,
    workingDirectory: config.workspaceFolder,
    mounts: [{ source: folder, target: config.workspaceMountTarget, readOnly: false }, ...config.mounts],
    env: Object.entries(config.containerEnv).map(([key, value]) => `${key}=${value}`),
    labels: { [workspaceLabel]: folder, [configurationLabel]: configurationHash(config, image), 'berth.image': image },
    memoryBytes: Math.round(memory) * 1024 * 1024,
    ...(config.containerUser ? { user: config.containerUser } : {}),
    ...(cpus ? { cpus } : {}),
  };
}
