import { relative } from 'node:path';
import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { resolveRemoteEnv } from '../../runtime-host/devcontainer/devcontainer.ts';
import type { FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { describe, isCancellation } from '../errors.ts';
import type { OpenedFolder } from '../opening/openedFolder.ts';
import type { OpeningSteps } from '../opening/openingSteps.ts';
import { workspaceLabel } from '../windowContainer.ts';
import { configOf, processOptions } from '../workspace/containerProcess.ts';
import { BackgroundStatus } from './backgroundStatus.ts';
import { ContainerWorld } from './containerWorld.ts';
import { hostWorld } from './hostWorld.ts';
import { runCommands, runStage, type CommandOrigin } from './runStages.ts';
import { isWaitedFor, stagesOf, type Stage, type StageName } from './stages.ts';

/** Stages of one container that run without anybody waiting for them. */
interface Background {
  readonly container: string;
  readonly cancellation: AbortController;
}

/**
 * Runs the lifecycle commands of the window's folder: while it is opened, and also when its container was started
 * otherwise, or the window was reloaded.
 */
export class FolderLifecycle implements vscode.Disposable {
  readonly #services: () => Services;
  readonly #status = new BackgroundStatus();
  readonly #subscription: vscode.Disposable;
  #background: Background | undefined;
  /** The start of a container whose commands this window has looked after, well or not. */
  #seen: string | undefined;
  /** The container and the boot for which everything has run in this window. */
  #attached: string | undefined;
  #openings = 0;

  /** `services` are complete when they are needed. */
  constructor(window: Services['window'], services: () => Services) {
    this.#services = services;
    this.#subscription = window.onDidChange(() => this.#onChanged());
  }

  /** While a folder is opened, that looks after the commands. */
  async whileOpening<T>(work: () => Promise<T>): Promise<T> {
    this.#openings += 1;
    try {
      return await work();
    } finally {
      this.#openings -= 1;
    }
  }

  /**
   * Opens a folder's container, with the commands that come before and after that.
   * @throws BerthError LifecycleCommandFailed, CommandNotFound; an AbortError when the user has cancelled
   */
  async around(folder: string, config: FolderConfig, steps: OpeningSteps, open: () => Promise<OpenedFolder>): Promise<OpenedFolder> {
    await this.#initialize(folder, config, steps);
    const opened = await open();
    await this.#run(opened, steps);
    return opened;
  }

  /** Ends what runs in the background. */
  cancel(): void {
    this.#background?.cancellation.abort();
  }

  /** Runs the initializeCommand on this machine, in a folder that is trusted. */
  async #initialize(folder: string, config: FolderConfig, steps: OpeningSteps): Promise<void> {
    const { initialize } = config.lifecycle;
    if (initialize === undefined || !vscode.workspace.isTrusted) return;
    steps.bar.message('Running the initializeCommand on this machine…');
    await runCommands([initialize], originOf('initializeCommand', folder, config), hostWorld(folder), steps.log, steps.signal);
  }

  /** Runs what has not been run yet: what `waitFor` names and what comes before it now, the rest in the background. */
  async #run(opened: OpenedFolder, steps: OpeningSteps): Promise<void> {
    const { container, folder, config } = opened;
    this.#seen = startOf(container);
    const open = await this.#open(opened, steps.signal);
    if (!open) return;
    for (const stage of open.stages.filter(({ name }) => isWaitedFor(name, config.lifecycle))) {
      steps.bar.message(`Running the ${stage.name}…`);
      await runStage(stage, originOf(stage.name, folder, config), open.world, steps.log, steps.signal);
    }
    this.#goOn(opened, open.world, open.stages.filter(({ name }) => !isWaitedFor(name, config.lifecycle)), open.place);
  }

  /** @returns undefined when there is nothing to run, or it runs already */
  async #open(opened: OpenedFolder, signal: AbortSignal): Promise<{ readonly world: ContainerWorld; readonly stages: readonly Stage[]; readonly place: string } | undefined> {
    const { container, client, config } = opened;
    const stages = stagesOf(config.lifecycle);
    if (stages.length === 0 || this.#background?.container === container.id) return undefined;
    const services = this.#services();
    const world = new ContainerWorld({
      execs: client.containers,
      container,
      optionsOf: (command) => processOptions(services, container, { command: command.map((word) => withContainerEnv(word, container)) }),
      onWaiting: ({ name }) => services.setupLog.step(`Another window runs the ${name}; waiting for it…`),
    });
    const { boot, done } = await world.past(stages, signal);
    const place = `${container.id} ${boot}`;
    return { world, place, stages: stages.filter(({ name, once }) => (once ? !done.has(name) : this.#attached !== place)) };
  }

  /** Never rejects: what goes wrong is shown. */
  #goOn(opened: OpenedFolder, world: ContainerWorld, stages: readonly Stage[], place: string): void {
    if (stages.length === 0) {
      this.#attached = place;
      return;
    }
    const background: Background = { container: opened.container.id, cancellation: new AbortController() };
    this.#background = background;
    void this.#runInBackground(opened, world, stages, background).then((done) => {
      if (done) this.#attached = place;
      if (this.#background === background) this.#background = undefined;
    });
  }

  async #runInBackground(opened: OpenedFolder, world: ContainerWorld, stages: readonly Stage[], background: Background): Promise<boolean> {
    const { setupLog } = this.#services();
    const { folder, config } = opened;
    let current: StageName | undefined;
    try {
      for (const stage of stages) {
        current = stage.name;
        this.#status.running(current);
        await runStage(stage, originOf(current, folder, config), world, setupLog, background.cancellation.signal);
      }
      setupLog.step('All lifecycle commands have been run.');
      this.#status.hide();
      return true;
    } catch (error) {
      this.#ended(opened, background, current ?? '', error);
      return false;
    }
  }

  #ended({ container }: OpenedFolder, background: Background, stage: string, error: unknown): void {
    const { setupLog, log, session } = this.#services();
    const now = session.container(container.id);
    if (isCancellation(error) || now?.state !== 'running' || startOf(now) !== startOf(container)) {
      setupLog.step(`The ${stage} was ended${isCancellation(error) ? '' : ': the container does not run any more'}.`);
      if (this.#background === background) this.#status.hide(); // Else another container has taken its place.
      return;
    }
    log.error(describe(error));
    const { message } = BerthError.from(error);
    setupLog.fail(message);
    this.#status.failed(stage);
    vscode.window.showErrorMessage(message, 'Retry', 'Show Log').then(async (answer) => {
      if (answer === 'Retry') await this.#resume(container);
      if (answer === 'Show Log') setupLog.show();
    }).then(undefined, (failure: unknown) => log.error(describe(failure)));
  }

  /** A container that was started by other means than by opening the folder, and the window's after a reload. */
  #onChanged(): void {
    const { window } = this.#services();
    const container = window.current;
    if (this.#openings > 0 || !window.inContainer || container?.state !== 'running' || !vscode.workspace.isTrusted) return;
    if (this.#seen === startOf(container)) return;
    this.#seen = startOf(container);
    void this.#resume(container);
  }

  /** Everything in the background. Never rejects. */
  async #resume(container: ContainerInfo): Promise<void> {
    const services = this.#services();
    try {
      const config = await configOf(services, container);
      const folder = container.labels[workspaceLabel];
      if (!config || folder === undefined || stagesOf(config.lifecycle).length === 0) return;
      const opened: OpenedFolder = { client: await services.session.connect(), folder, config, container, created: false };
      const open = await this.#open(opened, new AbortController().signal);
      if (open) this.#goOn(opened, open.world, open.stages, open.place);
    } catch (error) {
      services.log.error(`The lifecycle commands of “${container.name}” could not be looked after: ${describe(error)}`);
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#status.dispose();
  }
}

/** Replaces `${containerEnv:NAME}`, which can be known only now. */
function withContainerEnv(word: string, { env }: ContainerInfo): string {
  const [resolved = ''] = resolveRemoteEnv({ word }, env);
  return resolved.slice('word='.length);
}

function startOf({ id, startedAt }: ContainerInfo): string {
  return `${id} ${startedAt ?? ''}`;
}

function originOf(property: string, folder: string, { file }: FolderConfig): CommandOrigin {
  return { property, fileName: file === undefined ? 'devcontainer.json' : relative(folder, file), ...(file !== undefined && { file }) };
}
