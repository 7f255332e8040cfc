import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { connectionOptionNames } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo, Mount } from '../../runtime-host/protocol/types.ts';
import { connectionGrants } from '../../runtime-host/devcontainer/connectionGrants.ts';
import { readFolderConfig, type FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import { allowMounts, shareMissing } from '../access/allowMounts.ts';
import { forceProtected } from '../access/forceProtected.ts';
import type { Services } from '../context.ts';
import { describe, isCancellation, type ErrorReporter } from '../errors.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { containerName } from '../views/format.ts';
import { applyPolicy, policyWasApplied } from '../commands/applyPolicy.ts';
import { chooseFolder } from '../commands/chooseFolder.ts';
import { chooseImage } from '../commands/chooseImage.ts';
import { folderSpec, isMadeFrom } from '../commands/folderSpec.ts';
import type { OpenedFolder } from './openedFolder.ts';
import { withSteps, type OpeningSteps } from './openingSteps.ts';

interface OpenOptions {
  /** Instead of the one that the configuration names. */
  readonly image?: string;
  /** The user has agreed already to lose the folder's container. */
  readonly mayReplace?: boolean;
}

/** What is to be created, and which container it takes the place of. */
interface NewContainer {
  readonly folder: string;
  readonly config: FolderConfig;
  /** The folder's own, and the configuration's by their real paths, as the user has allowed them. */
  readonly mounts: readonly Mount[];
  readonly image: string;
  readonly replaces: ContainerInfo | undefined;
}

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

  async run(options: OpenOptions = {}): Promise<void> {
    if (this.#busy) {
      void vscode.window.showInformationMessage('A container for this window is being prepared already.');
      return;
    }
    this.#busy = true;
    let mayReplace = options.mayReplace ?? false;
    try {
      await this.#run({ ...options, mayReplace }, () => { mayReplace = true; });
    } catch (error) {
      if (isCancellation(error)) this.#services.setupLog.step('Cancelled.');
      else this.#services.setupLog.fail(BerthError.from(error).message);
      this.#errors.report(error, {
        retry: () => this.run({ ...options, mayReplace }),
        chooseImage: async () => {
          const image = await chooseImage(this.#services, { instead: failedReference(error) });
          if (image !== undefined) await this.run({ image, mayReplace });
        },
      });
    } finally {
      this.#busy = false;
    }
  }

  async #run(options: OpenOptions, onAgreed: () => void): Promise<void> {
    const { lifecycle } = this.#services;
    const folder = await chooseFolder(this.#services);
    if (folder === undefined) return;
    const config = await readFolderConfig(folder);
    const mounts = await allowMounts(this.#services, folder, config.mounts, connectionGrants(config.connections), config.purposes);
    if (mounts === undefined) return;
    await this.#services.session.connect();

    const existing = this.#services.window.forFolder(folder);
    const use = existing && (await this.#whatToDoWith(existing, folder, config, options));
    if (use === 'nothing') return;
    if (use === 'replace') onAgreed();
    if (existing && use === 'reuse') {
      const { container } = await this.#withSteps(folder, (client, steps) => lifecycle.around(folder, config, steps, async () => {
        // Before it starts, so that it never runs with more than its configuration says.
        const isSame = isMadeFrom(existing, config);
        if (isSame) await applyPolicy(this.#services, client, existing, config.connections);
        const current = isSame ? await shareMissing(client, existing, mounts) : existing;
        return { client, folder, config, container: await this.#start(client, current, steps, 0), created: false };
      }));
      if (!this.#terminals.reveal(container)) this.#terminals.openShell(container);
      return;
    }
    const image = options.image ?? config.image ?? (await chooseImage(this.#services, { folder }));
    if (image === undefined) return;
    const shared = await forceProtected(await this.#services.session.connect(), [{ source: folder, ...config.workspaceMount }, ...mounts]);
    if (shared === undefined) return;
    const { container } = await this.#withSteps(folder, (client, steps) => lifecycle.around(folder, config, steps, async () =>
      ({ client, folder, config, container: await this.#create(client, { folder, config, mounts: shared, image, replaces: existing }, steps), created: true })));
    this.#terminals.openShell(container);
    this.#tellIgnored(config);
  }

  /** The folder's container is used if it still fits the configuration; if not, it is the user's to decide. */
  async #whatToDoWith(existing: ContainerInfo, folder: string, config: FolderConfig, { image, mayReplace }: OpenOptions): Promise<'reuse' | 'replace' | 'nothing'> {
    if (image === undefined && isMadeFrom(existing, config)) return 'reuse';
    if (mayReplace) return 'replace';
    const why = image === undefined
      ? `The configuration of “${basename(folder)}” has changed since its container was made.`
      : `“${basename(folder)}” has a container already, made from another image.`;
    const answer = await vscode.window.showWarningMessage(
      why,
      { modal: true, detail: 'Making the container anew loses what was changed inside it. The folder itself is not touched.' },
      'Make Anew', 'Use As It Is',
    );
    if (answer === 'Use As It Is') return 'reuse';
    return answer === 'Make Anew' ? 'replace' : 'nothing';
  }

  /** From here on everything is seen in the progress and in the log, and in the end the window is in the container. */
  async #withSteps(folder: string, work: (client: BerthClient, steps: OpeningSteps) => Promise<OpenedFolder>): Promise<OpenedFolder> {
    const { setupLog, session, window } = this.#services;
    const started = Date.now();
    const opened = await withSteps(this.#services, `Opening ${basename(folder)} in a container`, async (steps) => work(await session.connect(), steps));
    setupLog.step(`“${opened.container.name}” is ready, after ${((Date.now() - started) / 1000).toFixed(1)} s.`);
    await window.setInContainer(true);
    return opened;
  }

  async #create(client: BerthClient, wanted: NewContainer, steps: OpeningSteps): Promise<ContainerInfo> {
    const { folder, config, image, replaces } = wanted;
    const taken = new Set(this.#services.session.containers.filter(({ id }) => id !== replaces?.id).map(({ name }) => name));
    const spec = folderSpec({ ...wanted, name: containerName(basename(folder), taken) });
    await pullIfMissing(client, image, steps);
    // Only now, so that a wrong setting or an image that is not to be had costs nobody their container.
    const container = await this.#services.window.replacing(async () => {
      if (replaces) {
        steps.begin(`Removing the container “${replaces.name}”, which this one takes the place of…`);
        await client.containers.remove(replaces.id, { force: true, volumes: true });
      }
      steps.begin(`Creating the container “${spec.name ?? ''}”…`);
      return client.containers.create(spec, { signal: steps.signal, progress: steps.bar.share(60, 85) }).catch((error: unknown) => {
        throw pointToFile(error, config);
      });
    });
    try {
      await policyWasApplied(this.#services, container, config.connections);
      return await this.#start(client, container, steps, 85);
    } catch (error) {
      // A container that never ran is of no use to anybody.
      await client.containers.remove(container.id, { force: true, volumes: true }).catch((failure: unknown) => {
        this.#services.log.error(`The container that did not start could not be removed: ${describe(failure)}`);
      });
      throw error;
    }
  }

  async #start(client: BerthClient, container: ContainerInfo, steps: OpeningSteps, from: number): Promise<ContainerInfo> {
    if (container.state === 'running') return container;
    steps.begin('Starting the machine…');
    const started = Date.now();
    const running = await client.containers.start(container.id, { signal: steps.signal, progress: steps.bar.share(from, 100) });
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

async function pullIfMissing(client: BerthClient, image: string, steps: OpeningSteps): Promise<void> {
  try {
    await client.images.inspect(image);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'ImageNotFound') throw error;
    steps.begin(`Pulling ${image}…`);
    await client.images.pull(image, { signal: steps.signal, progress: steps.bar.share(0, 60) });
  }
}

/** The host does not know where a mount or a network comes from; the user should see the file that asks for it. */
function pointToFile(error: unknown, { file }: FolderConfig): unknown {
  if (!(error instanceof BerthError) || file === undefined) return error;
  const option = error.data?.['option'];
  const isOurs = option === 'mounts' || connectionOptionNames.some((name) => name === option);
  if (!(error.code === 'InvalidArgument' && isOurs) && error.code !== 'NetworkNotFound') return error;
  return new BerthError('DevContainerInvalid', error.message, { cause: error, data: { file } });
}

function failedReference(error: unknown): string {
  const reference = error instanceof BerthError ? error.data?.['reference'] : undefined;
  return typeof reference === 'string' ? reference : '';
}
